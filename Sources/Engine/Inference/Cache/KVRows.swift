import CInferenceKernels

/// The keys or the values of some of a head's pairs: rows of elements, or of codes with their
/// scales and minima, which attention decodes as it needs them.
@safe public struct KVRows: @unchecked Sendable {
  let layout: Layout
  private let memory: Memory
  private let offset: Int

  init(_ layout: Layout, in memory: Memory, at offset: Int) {
    self.layout = layout
    self.memory = memory
    self.offset = offset
  }

  var base: UnsafeMutableRawPointer { unsafe memory.base + offset }
  var scales: UnsafeMutablePointer<Float> {
    unsafe (base + layout.scales).assumingMemoryBound(to: Float.self)
  }
  var minima: UnsafeMutablePointer<Float> {
    unsafe (base + layout.minima).assumingMemoryBound(to: Float.self)
  }
  var groupNumbers: UnsafeMutablePointer<UInt32> {
    unsafe (base + layout.groupNumbers).assumingMemoryBound(to: UInt32.self)
  }

  /// What the kernels read.
  var kernelRows: ck_rows {
    unsafe ck_rows(
      data: base, type: layout.dtype.kernelType, bits: layout.form.bits, scales: scales,
      minima: minima,
      groups: layout.isGrouped ? groupNumbers : nil)
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
    let size = layout.length * layout.dtype.size
    return unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      if let target = UnsafeMutableRawPointer(buffer.baseAddress) {
        unsafe layout.dtype.store(floats, layout.length, at: target)
      }
      count = size
    }
  }
}
