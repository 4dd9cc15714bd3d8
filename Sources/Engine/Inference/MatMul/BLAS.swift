import COpenBLAS

/// OpenBLAS, on kernels that fit the processor (see COpenBLAS).
enum BLAS {
  private static let library: Loaded? = unsafe openblas_open().map { unsafe Loaded(functions: $0) }

  @safe private struct Loaded: @unchecked Sendable {
    let functions: UnsafePointer<OpenBLAS>
  }

  /// Why it cannot be used; nil if it can.
  static var problem: String? { unsafe openblas_problem().map { unsafe String(cString: $0) } }

  /// The name of the kernels in use, as OpenBLAS reports it: "SkylakeX", "Haswell", …
  static var coreName: String? {
    library.map { unsafe String(cString: $0.functions.pointee.core_name()) }
  }

  /// y = x · wᵀ for x [rows × depth], w [columns × depth] and y [rows × columns], row-major with
  /// the given strides in floats.
  @unsafe static func multiplyTransposed(
    rows: Int, columns: Int, depth: Int, x: UnsafePointer<Float>, xStride: Int,
    w: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    unsafe library?.functions.pointee.sgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(columns), Int32(depth), 1, x,
      Int32(xStride), w, Int32(depth), 0, y, Int32(yStride))
  }
}
