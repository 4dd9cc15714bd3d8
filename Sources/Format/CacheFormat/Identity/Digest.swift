private import ByteIO

/// A SHA-256 digest.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
  /// The length in bytes.
  public static let byteCount = SHA256.byteCount

  /// 32 bytes of zero, which mean "none".
  public static let zero = Digest([UInt8](repeating: 0, count: byteCount))

  /// The 32 bytes.
  public let bytes: [UInt8]

  /// Wraps the 32 bytes of a digest. Any other number is a programmer's error.
  public init(_ bytes: [UInt8]) {
    precondition(bytes.count == Self.byteCount, "a SHA-256 digest has 32 bytes")
    self.bytes = bytes
  }

  /// The digest of some bytes.
  public init(of bytes: [UInt8]) { self.init(SHA256.digest(of: bytes)) }

  /// The first 16 hexadecimal digits and an ellipsis, for messages.
  package var shortened: String { description.prefix(16) + "…" }

  /// 64 hexadecimal digits.
  public var description: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
