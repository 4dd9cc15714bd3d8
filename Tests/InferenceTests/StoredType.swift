import CInferenceKernels
import TestSupport

/// A type of stored weights as the kernels and GGUF name it, with what it takes to make random
/// rows.
struct StoredType: Sendable {
  let name: String
  let kernel: ck_type
  let blockLength, blockBytes: Int
  /// Where a block keeps its binary16s; any other byte may hold anything. Empty for loose floats.
  let scales: [Int]
  var isLoose: Bool { scales.isEmpty }

  static let all: [StoredType] = [
    .init(name: "F32", kernel: CK_F32, blockLength: 1, blockBytes: 4, scales: []),
    .init(name: "F16", kernel: CK_F16, blockLength: 1, blockBytes: 2, scales: []),
    .init(name: "BF16", kernel: CK_BF16, blockLength: 1, blockBytes: 2, scales: []),
    .init(name: "Q8_0", kernel: CK_Q8_0, blockLength: 32, blockBytes: 34, scales: [0]),
    .init(name: "Q4_0", kernel: CK_Q4_0, blockLength: 32, blockBytes: 18, scales: [0]),
    .init(name: "Q4_1", kernel: CK_Q4_1, blockLength: 32, blockBytes: 20, scales: [0, 2]),
    .init(name: "Q5_0", kernel: CK_Q5_0, blockLength: 32, blockBytes: 22, scales: [0]),
    .init(name: "Q5_1", kernel: CK_Q5_1, blockLength: 32, blockBytes: 24, scales: [0, 2]),
    .init(name: "IQ4_NL", kernel: CK_IQ4_NL, blockLength: 32, blockBytes: 18, scales: [0]),
    .init(name: "Q2_K", kernel: CK_Q2_K, blockLength: 256, blockBytes: 84, scales: [80, 82]),
    .init(name: "Q3_K", kernel: CK_Q3_K, blockLength: 256, blockBytes: 110, scales: [108]),
    .init(name: "Q4_K", kernel: CK_Q4_K, blockLength: 256, blockBytes: 144, scales: [0, 2]),
    .init(name: "Q5_K", kernel: CK_Q5_K, blockLength: 256, blockBytes: 176, scales: [0, 2]),
    .init(name: "Q6_K", kernel: CK_Q6_K, blockLength: 256, blockBytes: 210, scales: [208]),
  ]

  static let quantised = all.filter { !$0.isLoose }

  /// A row of random numbers, with scales, or else values, of about 1.
  func randomRow(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
    if kernel == CK_F32 { return random.floats(count).flatMap { Self.bytes($0.bitPattern, 4) } }
    if kernel == CK_BF16 {
      return random.floats(count).flatMap { Self.bytes($0.bitPattern >> 16, 2) }
    }
    if isLoose { return (0..<count).flatMap { _ in Self.half(&random) } }
    var row = random.bytes(count / blockLength * blockBytes)
    for block in stride(from: 0, to: row.count, by: blockBytes) {
      for offset in scales {
        row.replaceSubrange(block + offset..<block + offset + 2, with: Self.half(&random))
      }
    }
    return row
  }

  private static func half(_ random: inout SeededGenerator) -> [UInt8] {
    bytes(UInt32(Float16(Float.random(in: -1...1, using: &random)).bitPattern), 2)
  }

  private static func bytes(_ bits: UInt32, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: bits >> UInt32(8 * $0)) }
  }
}
