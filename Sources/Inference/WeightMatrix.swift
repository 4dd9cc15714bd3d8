import CKernels
public import ModelFiles

/// A weight matrix as the file has it: quantised, mapped, and decoded a tile at a time.
public struct WeightMatrix: Sendable {
  let tensor: Tensor
  private let type: ck_type

  /// Wraps a matrix of a model file.
  public init(_ tensor: Tensor) {
    self.tensor = tensor
    type =
      switch tensor.type {
      case .f32: CK_F32
      case .f16: CK_F16
      case .bf16: CK_BF16
      case .q8_0: CK_Q8_0
      case .q4_0: CK_Q4_0
      case .q4_1: CK_Q4_1
      }
  }

  /// The tensor's name in GGUF's spelling.
  public var name: String { tensor.name }
  /// The dimensions, outermost first.
  public var shape: [Int] { tensor.shape }
  /// How many outputs the matrix has.
  public var rows: Int { tensor.rows }
  /// How many inputs the matrix has.
  public var columns: Int { tensor.columns }

  /// Decoded floats that are held at once: enough that packing costs little, small enough for cache.
  static let tileFloats = 1 << 20
  /// Up to so many tokens, dot products with the quantised rows beat decoding them first.
  private static let fewTokens = 3
  private static let rowsPerItem = 32

  /// Decodes row `row`, in half-split order.
  @unsafe func decode(row: Int, into target: UnsafeMutablePointer<Float>) {
    unsafe withStoredRow(row) { stored in
      unsafe Kernels.current.table.pointee.dequantise(type, stored, target, columns)
    }
  }

  @unsafe private func withStoredRow(_ row: Int, _ body: (UnsafeRawPointer) -> Void) {
    unsafe tensor.bytes.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress {
        unsafe body(base + tensor.storedRow(row) * tensor.rowBytes)
      }
    }
  }

  /// Row `row` as floats, in half-split order.
  public func decodedRow(_ row: Int) -> [Float] {
    unsafe [Float](unsafeUninitializedCapacity: columns) { buffer, count in
      if let base = buffer.baseAddress { unsafe decode(row: row, into: base) }
      count = columns
    }
  }

  /// y = x · Wᵀ for the first `count` rows of x [· × columns] and y [· × rows].
  /// `tile` holds decoded rows meanwhile (`tileFloats` floats, or one row if that is more).
  func apply(to x: Matrix, count: Int, into y: Matrix, tile: Matrix) {
    count <= Self.fewTokens
      ? applyToFew(x, count: count, into: y)
      : applyToMany(x, count: count, into: y, tile: tile)
  }

  private func applyToFew(_ x: Matrix, count: Int, into y: Matrix) {
    let kernels = Kernels.current
    Parallel.forEach((rows + Self.rowsPerItem - 1) / Self.rowsPerItem) { _, item in
      let range = item * Self.rowsPerItem..<min(rows, (item + 1) * Self.rowsPerItem)
      for row in range {
        unsafe withStoredRow(row) { weights in
          for token in 0..<count {
            unsafe y.pointer(row: token)[row] = kernels.table.pointee.dot(
              type, weights, x.pointer(row: token), columns)
          }
        }
      }
    }
  }

  private func applyToMany(_ x: Matrix, count: Int, into y: Matrix, tile: Matrix) {
    let tileRows = max(1, tile.columns / columns)
    for start in stride(from: 0, to: rows, by: tileRows) {
      let range = start..<min(rows, start + tileRows)
      Parallel.forEach((range.count + Self.rowsPerItem - 1) / Self.rowsPerItem) { _, item in
        let first = start + item * Self.rowsPerItem
        for row in first..<min(range.upperBound, first + Self.rowsPerItem) {
          unsafe decode(row: row, into: tile.pointer(row: 0) + (row - start) * columns)
        }
      }
      unsafe BLAS.multiplyTransposed(
        rows: count, columns: range.count, depth: columns, x: x.pointer(row: 0), xStride: x.columns,
        w: tile.pointer(row: 0), y: y.pointer(row: 0) + start, yStride: y.columns)
    }
  }
}
