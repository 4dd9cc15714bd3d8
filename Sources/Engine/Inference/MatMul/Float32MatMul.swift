import CInferenceKernels
import ModelFiles

/// Products in float32: straight from the quantised rows for few tokens, OpenBLAS over decoded
/// tiles of weights for many.
struct Float32MatMul: MatMul {
  /// Decoded weights.
  private let tile: Matrix
  /// The second matrix's outputs of a group, before they gate the first's or are added.
  private let spare: Matrix
  private let smallBatch: SmallBatchMatMul

  /// Decoded floats that are held at once: enough that packing costs little, small enough for
  /// cache.
  private static let tileFloats = 1 << 20
  private static let rowsPerItem = 32

  let takesRounded = false

  /// Memory for up to `tokens` rows of inputs and outputs no wider than `width`.
  init(tokens: Int, width: Int) throws(EngineError) {
    tile = try Matrix(rows: 1, columns: max(Self.tileFloats, width))
    spare = try Matrix(rows: tokens, columns: width)
    smallBatch = try SmallBatchMatMul(depth: width)
  }

  func project(_ x: Activations, _ weights: WeightGroup, count: Int, into targets: [Matrix]) {
    if count <= SmallBatchMatMul.mostTokens {
      return smallBatch.project(x.floats, weights, count: count, into: targets)
    }
    for (matrix, target) in zip(weights.matrices, targets) {
      apply(matrix, to: x.floats, count: count, into: target)
    }
  }

  func project(_ x: Activations, _ weights: WeightGroup, count: Int, addingTo target: Matrix) {
    project(x, weights, count: count, into: [spare])
    Parallel.forEachRange(of: count, size: Self.rowsPerItem) { _, rows in
      for row in rows {
        unsafe Kernels.current.table.pointee.add(
          target.pointer(row: row), spare.pointer(row: row), target.columns)
      }
    }
  }

  func gate(
    _ x: Activations, _ weights: WeightGroup,
    _ activation: ModelConfig.Activation, count: Int, into target: Activations
  ) {
    project(x, weights, count: count, into: [target.floats, spare])
    Parallel.forEachRange(of: count, size: Self.rowsPerItem) { _, rows in
      for row in rows {
        unsafe Kernels.current.gate(
          activation, target.floats.pointer(row: row), spare.pointer(row: row),
          count: target.columns)
      }
    }
  }

  private func apply(_ matrix: WeightMatrix, to x: Matrix, count: Int, into y: Matrix) {
    let columns = matrix.columns
    let tileRows = max(1, tile.columns / columns)
    for start in stride(from: 0, to: matrix.rows, by: tileRows) {
      let end = min(matrix.rows, start + tileRows)
      Parallel.forEachRange(of: end - start, size: Self.rowsPerItem) { _, rows in
        for row in rows {
          unsafe matrix.decode(row: start + row, into: tile.pointer(row: 0) + row * columns)
        }
      }
      unsafe BLAS.multiplyTransposed(
        rows: count, columns: end - start, depth: columns, x: x.pointer(row: 0),
        xStride: x.columns, w: tile.pointer(row: 0), y: y.pointer(row: 0) + start,
        yStride: y.columns)
    }
  }
}
