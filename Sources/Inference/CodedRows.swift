import CKernels

/// The keys or the values of some of a head's pairs: rows of elements, or of codes with their scales and
/// minima, which attention decodes as it needs them.
@safe public struct CodedRows: @unchecked Sendable {
  /// Where everything stands, counted from the first byte.
  struct Layout {
    let form: QuantisedPairs.Form
    let element: KVCache.Element
    /// Values in a row.
    let length: Int
    let rows: Int
    /// How many groups of rows have a scale for each column; nil if each row has one for all columns.
    let groups: Int?

    private static let alignment = 64

    private static func aligned(_ bytes: Int) -> Int {
      (bytes + alignment - 1) / alignment * alignment
    }

    var rowBytes: Int { ck_row_bytes(element.kernelType, form.bits, length) }
    /// Values from one group's scales to the next one's.
    var groupStride: Int { (length + 15) / 16 * 16 }
    /// How many scales there are, and as many minima.
    var parameters: Int { form == .elements ? 0 : groups.map { $0 * groupStride } ?? rows }

    var scales: Int { Self.aligned(rows * rowBytes) }
    var minima: Int { scales + Self.aligned(parameters * 4) }
    var groupNumbers: Int { minima + Self.aligned(parameters * 4) }
    var end: Int {
      groupNumbers + (form == .elements || groups == nil ? 0 : Self.aligned(rows * 4))
    }
  }

  let layout: Layout
  private let memory: Memory
  private let offset: Int

  init(_ layout: Layout, in memory: Memory, at offset: Int) {
    self.layout = layout
    self.memory = memory
    self.offset = offset
  }

  private var base: UnsafeMutableRawPointer { unsafe memory.base + offset }
  private var scales: UnsafeMutablePointer<Float> {
    unsafe (base + layout.scales).assumingMemoryBound(to: Float.self)
  }
  private var minima: UnsafeMutablePointer<Float> {
    unsafe (base + layout.minima).assumingMemoryBound(to: Float.self)
  }
  private var groupNumbers: UnsafeMutablePointer<UInt32> {
    unsafe (base + layout.groupNumbers).assumingMemoryBound(to: UInt32.self)
  }

  /// What the kernels read.
  var kernelRows: ck_rows {
    let isGrouped = layout.form != .elements && layout.groups != nil
    return unsafe ck_rows(
      data: base, type: layout.element.kernelType, bits: layout.form.bits, scales: scales,
      minima: minima,
      groups: isGrouped ? groupNumbers : nil)
  }

  /// How many bytes some rows take, with their scales.
  func bytes(ofRows rows: Int) -> Int {
    let parameters = layout.groups == nil && layout.form != .elements ? rows : layout.parameters
    let numbers = layout.groups == nil || layout.form == .elements ? 0 : rows
    return rows * layout.rowBytes + parameters * 8 + numbers * 4
  }

  /// Takes rows of codes that share scales in order: of keys each `groupSize`, of values each one.
  ///
  /// - Parameters:
  ///   - codes: [rows][length], one a byte.
  ///   - scales: Binary16s, [groups][length] of keys, [rows] of values.
  ///   - minima: Likewise.
  ///   - slots: The place of each row, or `UInt32.max` for one that is left out.
  ///   - firstGroup: How many groups of keys were stored before.
  /// - Returns: How many groups of keys there are then.
  @discardableResult
  public func store(
    codes: ArraySlice<UInt8>, scales: ArraySlice<UInt16>, minima: ArraySlice<UInt16>,
    slots: ArraySlice<UInt32>, groupSize: Int, firstGroup: Int = 0
  ) -> Int {
    precondition(layout.form != .elements && codes.count == slots.count * layout.length)
    let groups = (slots.count + groupSize - 1) / groupSize
    let parameters = layout.groups == nil ? slots.count : groups * layout.length
    precondition(scales.count == parameters && minima.count == parameters)
    var isUsed = [Bool](repeating: false, count: groups)
    unsafe codes.withUnsafeBufferPointer { codes in
      for (row, slot) in slots.enumerated() where slot != UInt32.max {
        precondition(slot < layout.rows)
        guard let source = codes.baseAddress else { return }
        unsafe store(source + row * layout.length, at: Int(slot))
        if layout.groups == nil {
          unsafe self.scales[Int(slot)] = Self.value(scales[scales.startIndex + row])
          unsafe self.minima[Int(slot)] = Self.value(minima[minima.startIndex + row])
        } else {
          unsafe groupNumbers[Int(slot)] = UInt32(firstGroup + row / groupSize)
          isUsed[row / groupSize] = true
        }
      }
    }
    guard let room = layout.groups else { return firstGroup }
    let count = (isUsed.lastIndex(of: true) ?? -1) + 1
    precondition(firstGroup + count <= room)
    for group in 0..<count {
      for column in 0..<layout.length {
        let (from, to) = (
          group * layout.length + column, (firstGroup + group) * layout.groupStride + column
        )
        unsafe self.scales[to] = Self.value(scales[scales.startIndex + from])
        unsafe self.minima[to] = Self.value(minima[minima.startIndex + from])
      }
    }
    return firstGroup + count
  }

  private static func value(_ half: UInt16) -> Float { Float(Float16(bitPattern: half)) }

  @unsafe private func store(_ codes: UnsafePointer<UInt8>, at slot: Int) {
    let target = unsafe (base + slot * layout.rowBytes).assumingMemoryBound(to: UInt8.self)
    guard layout.form == .int4 else {
      return unsafe target.update(from: codes, count: layout.length)
    }
    // Of each 32 codes the first 16 are the low halves of 16 bytes.
    for block in stride(from: 0, to: layout.length, by: 32) {
      for index in block..<min(block + 16, layout.length) {
        let high = unsafe index + 16 < layout.length ? codes[index + 16] : 0
        unsafe target[block / 2 + index - block] = codes[index] | high << 4
      }
    }
  }

  /// The first `rows` rows of elements, to be filled in.
  public func withElements(ofRows rows: Int, _ body: (inout MutableRawSpan) -> Void) {
    precondition(layout.form == .elements && rows <= layout.rows)
    var span = unsafe MutableRawSpan(_unsafeStart: base, byteCount: rows * layout.rowBytes)
    body(&span)
  }

  /// The bytes of a row as elements.
  func elements(ofRow row: Int) -> [UInt8] {
    precondition(row < layout.rows)
    let floats = unsafe Kernels.current.decode(kernelRows, row..<row + 1, length: layout.length)
    let size = layout.length * layout.element.size
    return unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      if let target = UnsafeMutableRawPointer(buffer.baseAddress) {
        unsafe layout.element.store(floats, layout.length, at: target)
      }
      count = size
    }
  }
}
