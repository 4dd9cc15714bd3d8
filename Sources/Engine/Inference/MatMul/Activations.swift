import CInferenceKernels

/// Inputs of matrix products: rows of floats, and a bfloat16 copy for products of bfloat16.
@safe final class Activations: @unchecked Sendable {
  let floats: Matrix
  private let halves: Memory
  /// Values of a rounded row: padded with zeros to what `multiply_panel` takes at once.
  let roundedStride: Int

  init(rows: Int, columns: Int) throws(EngineError) {
    floats = try Matrix(rows: rows, columns: columns)
    roundedStride = (columns + 31) / 32 * 32
    halves = try Memory(rows * roundedStride * MemoryLayout<UInt16>.stride)
  }

  var columns: Int { floats.columns }

  /// Where a rounded row begins; the caller makes sure that it is the only one to write there.
  @unsafe func rounded(row: Int) -> UnsafeMutablePointer<UInt16> {
    precondition(row >= 0 && row < floats.rows)
    return unsafe halves.base.assumingMemoryBound(to: UInt16.self) + row * roundedStride
  }

  /// Rounds part of a row.
  func round(row: Int, columns range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= columns)
    unsafe Kernels.current.table.pointee.bf16_from_float(
      floats.pointer(row: row) + range.lowerBound, rounded(row: row) + range.lowerBound,
      range.count)
  }
}
