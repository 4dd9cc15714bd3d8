import ArgumentParser

/// A number of bytes, as a user writes it: `500000`, `500M`, `20G`.
package struct ByteCount: Sendable {
  /// The number of bytes.
  package let bytes: UInt64

  private static let units: [Character: UInt64] = [
    "K": 1000, "M": 1_000_000, "G": 1_000_000_000, "T": 1_000_000_000_000,
  ]

  /// Reads what a user wrote.
  ///
  /// - Throws: `ValidationError`.
  package init(_ text: String) throws {
    let unit = text.last.flatMap { Self.units[$0] }
    guard let number = UInt64(unit == nil ? text : String(text.dropLast())), number > 0,
      case let (bytes, isTooMuch) = number.multipliedReportingOverflow(by: unit ?? 1), !isTooMuch
    else {
      throw ValidationError("a size is a number of bytes, or a number with K, M, G or T")
    }
    self.bytes = bytes
  }
}
