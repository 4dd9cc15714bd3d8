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
    for token in 0..<count {
      for (index, frequency) in inverseFrequencies.enumerated() {
        let angle = Double(Float(position + token) * frequency)
        unsafe cosines.pointer(row: token)[index] = Float(cos(angle))
        unsafe sines.pointer(row: token)[index] = Float(sin(angle))
      }
    }
  }

  /// Rotates the heads of `count` rows, each of `length` elements.
  func rotate(_ heads: Matrix, length: Int, count: Int) {
    let kernels = Kernels.current
    Parallel.forEach(count) { _, token in
      for head in stride(from: 0, to: heads.columns, by: length) {
        unsafe kernels.table.pointee.rope(
          heads.pointer(row: token) + head, cosines.pointer(row: token), sines.pointer(row: token),
          inverseFrequencies.count)
      }
    }
  }
}
