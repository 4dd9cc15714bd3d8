import ArgumentParser

/// A compression ×N: 1/N of all pairs are kept.
enum Compression {
  /// What the help of every option for ×N adds.
  static let inOtherWords = "kvpress's compression_ratio is 1 − 1/N."

  /// Checks an option's value.
  static func validate(_ compression: Int?, option: String = "--compression") throws {
    guard let compression else { return }
    guard (1...Int(UInt32.max)).contains(compression) else {
      throw ValidationError(
        "\(option) must be from 1 to \(UInt32.max): ×N keeps 1/N of the pairs.")
    }
  }
}
