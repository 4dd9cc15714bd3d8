package import ArgumentParser

/// A size such as `500M`: bytes, or with K, M, G or T the 1024-fold, and so on.
package struct ByteCount: ExpressibleByArgument, Sendable {
  /// The size in bytes.
  package let bytes: UInt64

  /// Nil if the text is no size above 0.
  package init?(argument: String) {
    let powers: [Character: UInt64] = ["K": 10, "M": 20, "G": 30, "T": 40]
    let power = argument.last.flatMap { powers[$0] }
    guard let number = UInt64(power == nil ? argument[...] : argument.dropLast()), number > 0 else {
      return nil
    }
    let (bytes, isTooGreat) = number.multipliedReportingOverflow(by: 1 << (power ?? 0))
    guard !isTooGreat else { return nil }
    self.bytes = bytes
  }
}
