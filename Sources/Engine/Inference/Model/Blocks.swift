import CInferenceKernels
import ModelFiles

/// The steps that architectures are made of, over the first `count` rows of their matrices or over
/// one. `rounded` asks for results in bfloat16 too.
enum Blocks {
  private static let rowsPerItem = 8

  /// Each token's embedding times `scale`.
  static func embed(
    _ tokens: ArraySlice<Int>, _ embedding: WeightMatrix, scale: Float, into target: Matrix
  ) {
    for (row, token) in tokens.enumerated() {
      let vector = unsafe target.pointer(row: row)
      unsafe embedding.decode(row: token, into: vector)
      guard scale != 1 else { continue }
      for index in 0..<target.columns { unsafe vector[index] *= scale }
    }
  }

  /// target = RMSNorm(x) · weight, row by row; without weights, x itself.
  static func rmsNorm(
    _ x: Matrix, weight: [Float]?, epsilon: Float, count: Int, into target: Activations,
    rounded: Bool
  ) {
    Parallel.forEachRange(of: count, size: rowsPerItem) { _, rows in
      for row in rows {
        if let weight {
          unsafe Kernels.current.table.pointee.rms_norm(
            x.pointer(row: row), weight, target.floats.pointer(row: row), x.columns, epsilon)
        } else {
          unsafe target.floats.pointer(row: row).update(
            from: x.pointer(row: row), count: x.columns)
        }
        if rounded { target.round(row: row, columns: 0..<x.columns) }
      }
    }
  }

  /// target += RMSNorm(x) · weight, row by row; x is used up.
  static func addNormed(
    _ x: Matrix, weight: [Float], epsilon: Float, count: Int, to target: Matrix
  ) {
    Parallel.forEachRange(of: count, size: rowsPerItem) { _, rows in
      for row in rows {
        normHeads(x, row: row, weight, epsilon: epsilon)
        unsafe Kernels.current.table.pointee.add(
          target.pointer(row: row), x.pointer(row: row), x.columns)
      }
    }
  }

  /// RMSNorm of each stretch of one row that is as long as the weights, in place; nothing without
  /// weights.
  static func normHeads(_ heads: Matrix, row: Int, _ weight: [Float]?, epsilon: Float) {
    guard let weight else { return }
    for start in stride(from: 0, to: heads.columns, by: weight.count) {
      let head = unsafe heads.pointer(row: row) + start
      unsafe Kernels.current.table.pointee.rms_norm(head, weight, head, weight.count, epsilon)
    }
  }

  /// Adds a bias to one row of each matrix; nothing without biases.
  static func add(_ biases: [[Float]], to targets: [Matrix], row: Int) {
    for (bias, target) in zip(biases, targets) {
      unsafe Kernels.current.table.pointee.add(target.pointer(row: row), bias, bias.count)
    }
  }
}
