import COpenBLAS

/// The routines of BLAS and LAPACK that statistics over queries need.
package enum LinearAlgebra {
  @safe private struct Loaded: @unchecked Sendable {
    let functions: UnsafePointer<OpenBLAS>
  }

  private static let library: Loaded? = unsafe openblas_open().map { unsafe Loaded(functions: $0) }

  private static var missing: CalibrationError {
    .openBLASMissing(
      problem: unsafe openblas_problem().map { unsafe String(cString: $0) } ?? "OpenBLAS is missing"
    )
  }

  /// XᵀX of `rows` rows of `length` floats, `stride` floats apart, from `offset` on: [length ×
  /// length], with only the upper triangle filled.
  package static func gram(
    _ x: Span<Float>, offset: Int, rows: Int, length: Int, stride: Int
  ) throws(CalibrationError) -> [Float] {
    guard let library else { throw missing }
    precondition(rows > 0 && offset + (rows - 1) * stride + length <= x.count)
    var result = [Float](repeating: 0, count: length * length)
    unsafe x.withUnsafeBufferPointer { x in
      unsafe result.withUnsafeMutableBufferPointer { result in
        unsafe library.functions.pointee.ssyrk(
          CblasRowMajor, CblasUpper, CblasTrans, Int32(length), Int32(rows), 1,
          x.baseAddress.map { unsafe $0 + offset }, Int32(stride), 0, result.baseAddress,
          Int32(length))
      }
    }
    return result
  }

  /// XM for X [rows × length] and a symmetric M [length × length] that came from `gram`.
  package static func product(_ x: [Float], _ matrix: [Float], length: Int) -> [Float] {
    precondition(x.count % length == 0 && matrix.count == length * length)
    var result = [Float](repeating: 0, count: x.count)
    unsafe library?.functions.pointee.sgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, Int32(x.count / length), Int32(length),
      Int32(length), 1, x, Int32(length), matrix, Int32(length), 0, &result, Int32(length))
    return result
  }

  /// All eigenvalues of a symmetric matrix [length × length], ascending, and their eigenvectors of
  /// length 1, one a row. Only the upper triangle is read.
  package static func eigenvectors(
    _ matrix: [Double], length: Int
  ) throws(CalibrationError) -> (values: [Double], vectors: [Double]) {
    try eigenvectors(matrix, length: length, from: 1, workRows: 64)
  }

  /// The greatest eigenvalue of a symmetric matrix [length × length] and its eigenvector of length
  /// 1. Only the upper triangle is read.
  static func topEigenvector(
    _ matrix: [Double], length: Int
  ) throws(CalibrationError) -> (value: Double, vector: [Double]) {
    let (values, vector) = try eigenvectors(matrix, length: length, from: length, workRows: 26)
    return (values[0], vector)
  }

  /// The eigenvalues from the `first`-th least on, and their eigenvectors.
  ///
  /// - Parameter workRows: LAPACK's memory in rows of the matrix, at least 26. More is faster, and
  ///   may change last digits.
  private static func eigenvectors(
    _ matrix: [Double], length: Int, from first: Int, workRows: Int
  ) throws(CalibrationError) -> (values: [Double], vectors: [Double]) {
    guard let library else { throw missing }
    let wanted = length - first + 1
    var matrix = matrix
    var (n, index, last, bound, tolerance) = (Int32(length), Int32(first), Int32(length), 0.0, 0.0)
    var (found, status) = (Int32(0), Int32(0))
    var values = [Double](repeating: 0, count: length)
    var vectors = [Double](repeating: 0, count: wanted * length)
    var support = [Int32](repeating: 0, count: 2 * wanted)
    var (workLength, integerLength) = (Int32(workRows * length), Int32(10 * length))
    var work = [Double](repeating: 0, count: Int(workLength))
    var integers = [Int32](repeating: 0, count: Int(integerLength))
    // LAPACK is column-major: our upper triangle is its lower one, and a vector is a column.
    unsafe library.functions.pointee.dsyevr(
      "V", wanted == length ? "A" : "I", "L", &n, &matrix, &n, &bound, &bound, &index, &last,
      &tolerance, &found, &values, &vectors, &n, &support, &work, &workLength, &integers,
      &integerLength, &status)
    // LAPACK reports success even if its own steps overflow on very large finite numbers.
    guard status == 0, Int(found) == wanted, vectors.allSatisfy(\.isFinite) else {
      throw .noEigenvector
    }
    return (values, vectors)
  }

  /// The solutions of symmetric positive definite systems, one for each right side. Only the upper
  /// triangle of the matrix [length × length] is read.
  static func solve(
    _ matrix: [Double], length: Int, for rightSides: [[Double]]
  ) throws(CalibrationError) -> [[Double]] {
    guard let library else { throw missing }
    precondition(rightSides.allSatisfy { $0.count == length })
    var (matrix, solutions) = (matrix, rightSides.flatMap(\.self))
    var (n, count, status) = (Int32(length), Int32(rightSides.count), Int32(0))
    // LAPACK is column-major: our upper triangle is its lower one, and a right side is a column.
    unsafe library.functions.pointee.dposv(
      "L", &n, &count, &matrix, &n, &solutions, &n, &status)
    guard status == 0, solutions.allSatisfy(\.isFinite) else { throw .noSolution }
    return rightSides.indices.map { Array(solutions[$0 * length..<($0 + 1) * length]) }
  }
}
