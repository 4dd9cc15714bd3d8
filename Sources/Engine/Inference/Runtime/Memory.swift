import Platform

/// Memory for matrices and caches, straight from the system: zeroed and aligned to a page. Pages
/// but the first are only backed when they are touched, so that room for a whole context costs
/// nothing until it is used.
@safe final class Memory: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  private let count: Int

  /// Reserves `count` bytes.
  ///
  /// - Throws: `EngineError.outOfMemory`.
  init(_ count: Int) throws(EngineError) {
    self.count = max(count, 1)
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    let address = unsafe mmap(nil, self.count, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard unsafe address != MAP_FAILED, let address = unsafe address else {
      throw .outOfMemory(bytes: count)
    }
    unsafe base = address
    // Fewer and larger pages: the system clears a page when it is first touched, and each one
    // traps.
    unsafe _ = madvise(address, self.count, MADV_HUGEPAGE)
    // The first one is cleared now, while a model is loaded, so that no first token waits for it.
    unsafe address.storeBytes(of: 0, as: UInt8.self)
  }

  /// The memory as floats.
  @unsafe func withFloats(_ body: (UnsafeMutablePointer<Float>) -> Void) {
    unsafe body(base.assumingMemoryBound(to: Float.self))
  }

  /// Gives the whole pages of a range back to the system; they are zeros when touched again.
  func release(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    let page = sysconf(Int32(_SC_PAGESIZE))
    let (start, end) = ((range.lowerBound + page - 1) / page * page, range.upperBound / page * page)
    guard start < end else { return }
    unsafe _ = madvise(base + start, end - start, MADV_DONTNEED)
  }

  deinit { unsafe munmap(base, count) }
}
