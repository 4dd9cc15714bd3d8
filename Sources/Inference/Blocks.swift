import CKernels
import ModelFiles

/// The steps that architectures are made of, over the first `count` rows of their matrices.
/// `rounded` asks for results in bfloat16 too.
enum Blocks {
  private static let rowsPerItem = 8

  /// target = RMSNorm(x) · weight, row by row.
  static func rmsNorm(
    _ x: Matrix, weight: [Float], epsilon: Float, count: Int, into target: Activations,
    rounded: Bool
  ) {
    Parallel.forEachRange(of: count, size: rowsPerItem) { _, rows in
      for row in rows {
        unsafe weight.withUnsafeBufferPointer { weight in
          unsafe Kernels.current.table.pointee.rms_norm(
            x.pointer(row: row), weight.baseAddress, target.floats.pointer(row: row), x.columns,
            epsilon)
        }
        if rounded { target.round(row: row, columns: 0..<x.columns) }
      }
    }
  }
}
