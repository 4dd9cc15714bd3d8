import CacheFormat

/// The type of a cache's numbers, little-endian.
public enum Element: UInt32, Sendable, CaseIterable {
  /// IEEE 754 binary32.
  case float32 = 2
  /// IEEE 754 binary16.
  case float16 = 3
  /// The upper half of a binary32.
  case bfloat16 = 4
  /// 8 bits with 4 of exponent and 3 of mantissa, and a scale for each head.
  case float8E4M3 = 9
  /// 8 bits with 5 of exponent and 2 of mantissa, and a scale for each head.
  case float8E5M2 = 10
  /// Blocks of ggml's type Q8_0: 32 numbers in 34 bytes.
  case q8_0 = 11

  /// The number in files and in C is that of the codec.
  init(_ codec: ElementCodec) { self = Element(rawValue: codec.rawValue) ?? .float32 }

  /// Likewise.
  var codec: ElementCodec { ElementCodec(rawValue: rawValue) ?? .float32 }
}
