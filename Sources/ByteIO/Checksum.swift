import CXXHash

/// The checksum of every file of this project: XXH64 with seed 0.
///
/// It guards against accidents, not against people; what must be proven is hashed with `SHA256`.
/// Source: the xxHash specification; libxxhash computes it.
public enum Checksum {
  /// The checksum of some bytes.
  public static func of(_ bytes: RawSpan) -> UInt64 {
    unsafe bytes.withUnsafeBytes { unsafe XXH64($0.baseAddress, $0.count, 0) }
  }

  /// The checksum of an array of bytes.
  public static func of(_ bytes: [UInt8]) -> UInt64 { unsafe of(bytes.span.bytes) }
}
