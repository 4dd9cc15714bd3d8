import CInferenceKernels

/// The values of quantised blocks, one at a time, as ggml's description of each type says.
extension StoredType {
  /// Decodes a row of a quantised type.
  func decoded(_ row: [UInt8]) -> [Float] {
    stride(from: 0, to: row.count, by: blockBytes).flatMap { start in
      let block = Block(Array(row[start..<start + blockBytes]))
      return (0..<blockLength).map { value(of: block, at: $0) }
    }
  }

  private func value(of block: Block, at i: Int) -> Float {
    switch kernel {
    case CK_Q8_0: Float(block.signed(2 + i)) * block.half(0)
    case CK_Q4_0: Float(block.nibble(2, i) - 8) * block.half(0)
    case CK_Q4_1: Float(block.nibble(4, i)) * block.half(0) + block.half(2)
    case CK_Q5_0: Float(block.nibble(6, i) + 16 * block.bit(2, i) - 16) * block.half(0)
    case CK_Q5_1:
      Float(block.nibble(8, i) + 16 * block.bit(4, i)) * block.half(0) + block.half(2)
    case CK_IQ4_NL: Float(Self.nonlinear[block.nibble(2, i)]) * block.half(0)
    case CK_Q2_K: q2K(block, i)
    case CK_Q3_K: q3K(block, i)
    case CK_Q4_K: withPackedScales(block, i, block.packedNibble(16, i))
    case CK_Q5_K:
      withPackedScales(
        block, i, block.packedNibble(48, i) + 16 * (block[16 + i % 32] >> (i / 32) & 1))
    default: q6K(block, i)
    }
  }

  private static let nonlinear = [
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
  ]

  private func q2K(_ block: Block, _ i: Int) -> Float {
    let both = block[i / 16]
    let number = block[16 + i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3
    return block.half(80) * Float(both & 15) * Float(number) - block.half(82) * Float(both >> 4)
  }

  private func q3K(_ block: Block, _ i: Int) -> Float {
    let s = i / 16
    let low = block[96 + s % 8] >> (s / 8 * 4) & 15
    let scale = (low | (block[104 + s % 4] >> (s / 4 * 2) & 3) << 4) - 32
    let number = block[32 + i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3
    let isHigh = block[i % 32] >> (i / 32) & 1 == 1
    return block.half(108) * Float(scale) * Float(isHigh ? number : number - 4)
  }

  private func withPackedScales(_ block: Block, _ i: Int, _ number: Int) -> Float {
    let s = i / 32
    let (scale, minimum) =
      s < 4
      ? (block[4 + s] & 63, block[8 + s] & 63)
      : (
        block[8 + s] & 15 | (block[s] >> 6) << 4,
        block[8 + s] >> 4 | (block[4 + s] >> 6) << 4
      )
    return block.half(0) * Float(scale) * Float(number) - block.half(2) * Float(minimum)
  }

  private func q6K(_ block: Block, _ i: Int) -> Float {
    let (half, quarter) = (i / 128, i % 128 / 32)
    let low = block[64 * half + quarter % 2 * 32 + i % 32] >> (quarter / 2 * 4) & 15
    let high = block[128 + 32 * half + i % 32] >> (2 * quarter) & 3
    return block.half(208) * Float(block.signed(192 + i / 16)) * Float((low | high << 4) - 32)
  }

  /// The bytes of one block.
  private struct Block {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    subscript(_ index: Int) -> Int { Int(bytes[index]) }

    func signed(_ index: Int) -> Int { Int(Int8(bitPattern: bytes[index])) }

    func half(_ index: Int) -> Float {
      Float(Float16(bitPattern: UInt16(bytes[index]) | UInt16(bytes[index + 1]) << 8))
    }

    /// Value i of 32, of which the first 16 are the low nibbles of the bytes from `start` on.
    func nibble(_ start: Int, _ i: Int) -> Int { self[start + i % 16] >> (i / 16 * 4) & 15 }

    /// Value i of 256: each 32 bytes hold 32 low nibbles, then 32 high ones.
    func packedNibble(_ start: Int, _ i: Int) -> Int {
      self[start + i / 64 * 32 + i % 32] >> (i % 64 / 32 * 4) & 15
    }

    /// Bit i of the bytes from `start` on, the lowest first.
    func bit(_ start: Int, _ i: Int) -> Int { self[start + i / 8] >> (i % 8) & 1 }
  }
}
