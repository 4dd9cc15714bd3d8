import CInferenceKernels

extension KVRows {
  /// Where each part begins, counted from the first byte.
  ///
  /// ```
  ///  ┌──────────────────┬────────┬────────┬───────────────┐
  ///  │ rows of elements │ scales │ minima │ group numbers │    each part aligned to 64 bytes;
  ///  │ or codes         │ f32    │ f32    │ u32           │    elements have the first alone
  ///  └──────────────────┴────────┴────────┴───────────────┘
  /// ```
  struct Layout {
    let form: QuantisedKV.Form
    let dtype: KVCache.DType
    /// Values in a row.
    let length: Int
    let rows: Int
    /// How many groups of rows have a scale for each column; nil if each row has one for all
    /// columns.
    let groups: Int?

    private static let alignment = 64

    private static func aligned(_ bytes: Int) -> Int {
      (bytes + alignment - 1) / alignment * alignment
    }

    /// Whether rows have the scales of a group.
    var isGrouped: Bool { form != .elements && groups != nil }
    var rowBytes: Int { ck_row_bytes(dtype.kernelType, form.bits, length) }
    /// Values from one group's scales to the next one's.
    var groupStride: Int { (length + 15) / 16 * 16 }

    /// How many scales, and as many minima, some rows have.
    private func parameters(of rows: Int) -> Int {
      form == .elements ? 0 : groups.map { $0 * groupStride } ?? rows
    }

    var scales: Int { Self.aligned(rows * rowBytes) }
    var minima: Int { scales + Self.aligned(parameters(of: rows) * 4) }
    var groupNumbers: Int { minima + Self.aligned(parameters(of: rows) * 4) }
    var end: Int { groupNumbers + (isGrouped ? Self.aligned(rows * 4) : 0) }

    /// How many bytes some rows take, with their scales.
    func bytes(of rows: Int) -> Int {
      rows * rowBytes + parameters(of: rows) * 8 + (isGrouped ? rows * 4 : 0)
    }
  }
}
