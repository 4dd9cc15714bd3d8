/// How the elements of a chunk are stored (spec, section 5.5).
public enum ElementCodec: UInt32, Sendable, CaseIterable {
  /// A token position, `u32`, in order of rank.
  case position = 1
  /// IEEE 754 binary32.
  case float32 = 2
  /// IEEE 754 binary16.
  case float16 = 3
  /// The upper half of a binary32.
  case bfloat16 = 4
  /// Codes of 8 bits with a scale and a minimum for each group.
  case int8 = 5
  /// Codes of 4 bits with a scale and a minimum for each group.
  case int4 = 6
  /// Ascending positions, each as the gap to the one before.
  case positionGaps = 7
  /// Nothing: a transform's blocks hold the keys and values of all tiers (spec, section 5.8).
  case transform = 8

  /// The types that a cache's elements may have. They are stored without loss.
  public static let elements: [ElementCodec] = [.float32, .float16, .bfloat16]

  /// Whether elements are stored without loss.
  public var isLossless: Bool { ![.int8, .int4, .transform].contains(self) }

  /// Bytes of an element in memory; for a lossless codec also the number of byte planes. A code has
  /// one, before 4-bit codes are packed.
  public var width: Int {
    switch self {
    case .position, .positionGaps, .float32: 4
    case .float16, .bfloat16: 2
    case .int8, .int4: 1
    case .transform: 0
    }
  }

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
    }
  }
}
