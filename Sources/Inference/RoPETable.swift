import CKernels
import Glibc
import ModelFiles

/// Cosines and sines of the rotary embedding for a run of positions.
///
/// Angles are the float32 product of position and inverse frequency, as in transformers, so that
/// long contexts agree with it in the last places.
struct RoPETable {
  private let inverseFrequencies: [Float]
  private let cosines: Matrix
  private let sines: Matrix

  init(_ rope: ArchitectureDescription.RoPE, maximumTokens: Int) throws(EngineError) {
    let half = rope.dimensions / 2
    inverseFrequencies = (0..<half).map { index in
      1 / Float(pow(rope.base, Double(2 * index) / Double(rope.dimensions)))
    }
    cosines = try Matrix(rows: maximumTokens, columns: half)
    sines = try Matrix(rows: maximumTokens, columns: half)
  }

  /// Prepares the angles of `count` tokens from `position` on.
  func prepare(position: Int, count: Int) {
    Parallel.forEachRange(of: count, size: 16) { _, tokens in
      for token in tokens {
        for (index, frequency) in inverseFrequencies.enumerated() {
          let angle = Double(Float(position + token) * frequency)
          unsafe cosines.pointer(row: token)[index] = Float(cos(angle))
          unsafe sines.pointer(row: token)[index] = Float(sin(angle))
        }
      }
    }
  }

  /// Rotates the heads of one row, each of `length` elements.
  func rotate(_ heads: Matrix, row: Int, length: Int) {
    for head in stride(from: 0, to: heads.columns, by: length) {
      unsafe Kernels.current.table.pointee.rope(
        heads.pointer(row: row) + head, cosines.pointer(row: row), sines.pointer(row: row),
        inverseFrequencies.count)
    }
  }
}
