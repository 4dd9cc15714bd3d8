import ArgumentParser
import Reports
import Workflows

/// Options whose value is a list, separated by commas. What is named twice counts once.
enum ListOptions {
  /// Whole numbers.
  static func numbers(_ text: String) throws -> [Int] {
    try unique(text) { part in
      guard let number = Int(part), (1...1 << 24).contains(number) else {
        throw ValidationError("\(named(part)) is no whole number from 1 to \(1 << 24).")
      }
      return number
    }
  }

  /// Methods by name.
  static func methods(_ text: String) throws -> [Method] {
    try unique(text) { part in
      guard let method = Method(rawValue: part) else {
        throw ValidationError("\(named(part)) is no method; there are \(methodNames).")
      }
      return method
    }
  }

  private static func named(_ part: String) -> String { part.isEmpty ? "An empty place" : part }

  private static func unique<Element: Hashable>(
    _ text: String, _ element: (String) throws -> Element
  ) rethrows -> [Element] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { try element(String($0)) }
      .uniqued
  }

  /// The help of a list and its default.
  static func help(_ what: String, _ usual: [some CustomStringConvertible]) -> ArgumentHelp {
    "\(what), separated by commas (default: \(usual.map(\.description).joined(separator: ",")))."
  }

  /// The help of a list of methods, all but some.
  static func methodHelp(_ usual: [Method], besides others: [Method] = []) -> ArgumentHelp {
    let names = Method.allCases.filter { !others.contains($0) }.map(\.rawValue)
    let usual = usual.map(\.rawValue).joined(separator: ",")
    return
      "Methods, separated by commas: \(names.joined(separator: ", ")) (default: \(usual))."
  }

  /// The names of methods for a shell to offer, all but some.
  static func completion(besides others: [Method] = []) -> CompletionKind {
    .list(Method.allCases.filter { !others.contains($0) }.map(\.rawValue))
  }

  /// The names of all methods.
  static let methodNames = Method.allCases.map(\.rawValue).joined(separator: ", ")
}
