import CKernels
import TestSupport

/// Rows of weights as files have them, with scales and values of about 1.
enum RandomWeights {
  static let types = [CK_F32, CK_F16, CK_BF16, CK_Q8_0, CK_Q4_0, CK_Q4_1]

  /// Whether rows of a type may have any length.
  static func isLoose(_ type: ck_type) -> Bool { [CK_F32, CK_F16, CK_BF16].contains(type) }

  static func row(_ type: ck_type, _ depth: Int, _ random: inout SeededGenerator) -> [UInt8] {
    switch type {
    case CK_F32: return random.floats(depth).flatMap { bytes($0.bitPattern, 4) }
    case CK_F16: return random.floats(depth).flatMap { bytes(UInt32(Float16($0).bitPattern), 2) }
    case CK_BF16: return random.floats(depth).flatMap { bytes($0.bitPattern >> 16, 2) }
    default:
      let (scales, quants) = type == CK_Q4_1 ? (2, 16) : (1, type == CK_Q8_0 ? 32 : 16)
      return (0..<depth / 32).flatMap { _ in
        random.floats(scales).flatMap { bytes(UInt32(Float16($0).bitPattern), 2) }
          + (0..<quants).map { _ in UInt8.random(in: 0...255, using: &random) }
      }
    }
  }

  private static func bytes(_ bits: UInt32, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: bits >> UInt32(8 * $0)) }
  }
}
