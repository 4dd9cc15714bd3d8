import CInferenceKernels
import Platform
public import ModelFiles

/// A weight matrix as the file has it: quantised, mapped, and decoded or multiplied a few rows at a
/// time.
public final class WeightMatrix: Sendable {
  /// Where and how the file holds the matrix.
  public let tensor: Tensor
  private let type: ck_type
  private let rowBytes: Int
  /// How many outputs the matrix has.
  public let rows: Int
  /// How many inputs the matrix has.
  public let columns: Int

  /// Wraps a matrix of a model file.
  public init(_ tensor: Tensor) {
    self.tensor = tensor
    (rows, columns, rowBytes) = (tensor.rows, tensor.columns, tensor.rowBytes)
    type =
      switch tensor.type {
      case .f32: CK_F32
      case .f16: CK_F16
      case .bf16: CK_BF16
      case .q8_0: CK_Q8_0
      case .q4_0: CK_Q4_0
      case .q4_1: CK_Q4_1
      case .q5_0: CK_Q5_0
      case .q5_1: CK_Q5_1
      case .iq4_nl: CK_IQ4_NL
      case .q2_k: CK_Q2_K
      case .q3_k: CK_Q3_K
      case .q4_k: CK_Q4_K
      case .q5_k: CK_Q5_K
      case .q6_k: CK_Q6_K
      }
  }

  /// The tensor's name in GGUF's spelling.
  public var name: String { tensor.name }
  /// The dimensions, outermost first.
  public var shape: [Int] { tensor.shape }

  /// Gives the memory that holds the matrix back to the system; what is needed again is read from
  /// the file again.
  public func releasePages() { tensor.releasePages() }

  /// Decodes row `row`, in half-split order.
  @unsafe func decode(row: Int, into target: UnsafeMutablePointer<Float>) {
    unsafe withStoredRow(row) { stored in
      unsafe Kernels.current.table.pointee.dequantise(type, stored, target, columns)
    }
    guard tensor.addend != 0 else { return }
    for column in 0..<columns { unsafe target[column] += tensor.addend }
  }

  @unsafe private func withStoredRow(_ row: Int, _ body: (UnsafeRawPointer) -> Void) {
    unsafe tensor.bytes.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress {
        unsafe body(base + tensor.storedRow(row) * rowBytes)
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

  /// Whether every value has the same bits as the other matrix's, however both are stored.
  func hasValues(of other: WeightMatrix) -> Bool {
    rows == other.rows && columns == other.columns
      && (0..<rows).allSatisfy { row in
        storesRow(row, as: other)
          || zip(decodedRow(row), other.decodedRow(row)).allSatisfy {
            $0.bitPattern == $1.bitPattern
          }
      }
  }

  /// Whether a row is stored in the same bytes as another matrix's, and so has the same values.
  private func storesRow(_ row: Int, as other: WeightMatrix) -> Bool {
    guard tensor.type == other.tensor.type, tensor.addend == other.tensor.addend else {
      return false
    }
    var isSame = false
    unsafe withStoredRow(row) { stored in
      unsafe other.withStoredRow(row) { unsafe isSame = memcmp(stored, $0, rowBytes) == 0 }
    }
    return isSame
  }

  /// y[r] = ⟨row, x⟩ for each of some rows, straight from the stored blocks.
  @unsafe func multiply(
    _ rows: Range<Int>, by x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>
  ) {
    unsafe withStoredRows(rows) { stored in
      unsafe Kernels.current.dot(
        ck_dot(type: type, rows: stored, count: rows.count, depth: columns, x: x, y: y))
    }
  }

  /// Whether products with a few tokens take int16 activations.
  var takesInt16: Bool { unsafe Kernels.current.table.pointee.takes_int16(type) != 0 }

  /// y[t][r] = ⟨row, x[t]⟩ for each of up to `CK_SMALL_BATCH_ROWS` rows and `count` tokens,
  /// straight from the stored blocks; `int16` are the activations `x` rounded, if this matrix takes
  /// them.
  @unsafe func multiply(
    _ rows: Range<Int>, by x: Matrix, int16: UnsafePointer<ck_int16_block>, count: Int,
    into y: UnsafeMutablePointer<Float>, stride: Int
  ) {
    precondition(rows.count <= Int(CK_SMALL_BATCH_ROWS) && count <= Int(CK_SMALL_BATCH_TOKENS))
    unsafe withStoredRows(rows) { stored in
      unsafe withUnsafePointer(
        to: ck_small_batch(
          type: type, rows: stored, count: rows.count, depth: columns, tokens: count,
          x: x.pointer(row: 0), int16: int16, y: y, x_stride: x.columns, y_stride: stride)
      ) { unsafe Kernels.current.table.pointee.multiply_small_batch($0) }
    }
  }

  /// Decodes up to `CK_PANEL` rows into a panel.
  @unsafe func pack(_ rows: Range<Int>, into panel: UnsafeMutablePointer<Float>) {
    unsafe withStoredRows(rows) {
      unsafe Kernels.current.table.pointee.pack_panel(type, $0, rows.count, columns, panel)
    }
  }

  @unsafe private func withStoredRows(
    _ rows: Range<Int>, _ body: (UnsafePointer<UnsafeRawPointer?>) -> Void
  ) {
    unsafe tensor.bytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      unsafe withUnsafeTemporaryAllocation(
        of: UnsafeRawPointer?.self, capacity: rows.count
      ) { stored in
        for (index, row) in rows.enumerated() {
          unsafe stored.initializeElement(
            at: index, to: base + tensor.storedRow(row) * rowBytes)
        }
        if let stored = stored.baseAddress { unsafe body(stored) }
      }
    }
  }
}
