/// How the elements of a chunk are stored (spec, section 5.5).
public enum ElementCodec: Hashable, Sendable {
  /// A token position, `u32`, in order of rank.
  case position
  /// IEEE 754 binary32.
  case float32
  /// IEEE 754 binary16.
  case float16
  /// The upper half of a binary32.
  case bfloat16
  /// Codes of 8 bits with a scale and a minimum for each group.
  case int8
  /// Codes of 4 bits with a scale and a minimum for each group.
  case int4
  /// Ascending positions, each as the gap to the one before.
  case positionGaps
  /// Nothing: a transform's blocks hold the keys and values of all tiers (spec, section 5.8).
  case transform
  /// 8 bits with 4 of exponent and 3 of mantissa, as the cache held them.
  case float8E4M3
  /// 8 bits with 5 of exponent and 2 of mantissa, as the cache held them.
  case float8E5M2
  /// Blocks of ggml's type Q8_0, as the cache held them: 32 numbers in 34 bytes.
  case q8_0
  /// A codec of another program, which cannot be decoded here.
  case privateUse(UInt32)

  /// The types of elements that this project's caches have. They are stored without loss.
  public static let elements: [ElementCodec] = [.float32, .float16, .bfloat16]
  /// The types of elements that only other engines' caches have.
  public static let foreign: [ElementCodec] = [.float8E4M3, .float8E5M2, .q8_0]

  /// The first number that anybody may use (spec, section 2.4).
  package static let firstPrivate: UInt32 = 1 << 31
  /// The registered codecs by number, from 1 on.
  private static let registered: [ElementCodec] = [
    .position, .float32, .float16, .bfloat16, .int8, .int4, .positionGaps, .transform,
    .float8E4M3, .float8E5M2, .q8_0,
  ]

  /// Whether elements are stored without loss.
  public var isLossless: Bool {
    switch self {
    case .int8, .int4, .transform, .privateUse: false
    default: true
    }
  }

  /// Whether it is a codec of another program.
  public var isPrivate: Bool {
    if case .privateUse = self { true } else { false }
  }

  /// Whether only other engines' caches have it.
  public var isForeign: Bool { Self.foreign.contains(self) }

  /// Whether numbers have a scale of their head (spec, section 5.10).
  public var isFloat8: Bool { self == .float8E4M3 || self == .float8E5M2 }

  /// Bytes of an element in memory; for a lossless codec also the number of byte planes. A code has
  /// one, before 4-bit codes are packed.
  public var width: Int {
    switch self {
    case .position, .positionGaps, .float32: 4
    case .float16, .bfloat16: 2
    case .int8, .int4, .float8E4M3, .float8E5M2: 1
    case .q8_0: 34
    case .transform, .privateUse: 0
    }
  }

  /// How many numbers one element has.
  public var numbers: Int { self == .q8_0 ? 32 : 1 }

  /// The name in text: in reports, and in a precision such as `keys=int8`.
  public var name: String {
    switch self {
    case .position, .positionGaps: "u32"
    case .float32: "f32"
    case .float16: "f16"
    case .bfloat16: "bf16"
    case .int8: "int8"
    case .int4: "int4"
    case .transform: "transform"
    case .float8E4M3: "fp8-e4m3"
    case .float8E5M2: "fp8-e5m2"
    case .q8_0: "q8_0"
    case .privateUse: "private"
    }
  }
}

extension ElementCodec {
  /// The codec of a number; nil if it is registered to nobody.
  public init?(rawValue: UInt32) {
    if rawValue >= Self.firstPrivate {
      self = .privateUse(rawValue)
    } else if 1...Self.registered.count ~= Int(rawValue) {
      self = Self.registered[Int(rawValue) - 1]
    } else {
      return nil
    }
  }

  /// The number in the file.
  public var rawValue: UInt32 {
    if case .privateUse(let number) = self { return number }
    return UInt32((Self.registered.firstIndex(of: self) ?? 0) + 1)
  }
}
