import ArgumentParser
import Workflows

/// Options whose value is a list with commas in it.
enum ListOptions {
  /// Whole numbers.
  static func numbers(_ text: String) throws -> [Int] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let number = Int(part), (1...1 << 24).contains(number) else {
        throw ValidationError("\(part) is no whole number from 1 to \(1 << 24).")
      }
      return number
    }
  }

  /// Methods by name.
  static func methods(_ text: String) throws -> [Method] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let method = Method(rawValue: String(part)) else {
        throw ValidationError("\(part) is no method; there are \(methodNames).")
      }
      return method
    }
  }

  /// All of them.
  static let methodNames = Method.allCases.map(\.rawValue).joined(separator: ", ")
}
