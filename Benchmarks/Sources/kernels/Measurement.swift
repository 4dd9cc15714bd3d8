/// Memory for a measurement, 64-byte aligned, filled once and never freed.
@safe struct Buffer {
  let base: UnsafeMutableRawPointer
  let count: Int

  /// Bytes that are finite, and neither too great nor too small, whatever they are taken for.
  init(_ count: Int, seed: UInt8 = 1) {
    self.count = count
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64)
    var state = UInt32(seed)
    for index in 0..<count {
      state = state &* 1_664_525 &+ 1_013_904_223
      // An odd byte is the upper half of a binary16 or bfloat16: about 0.5 to 2 in size.
      unsafe base.storeBytes(
        of: index % 2 == 0 ? UInt8(state >> 24) : 0x38 | UInt8(state >> 31) << 7,
        toByteOffset: index, as: UInt8.self)
    }
  }

  var floats: UnsafeMutablePointer<Float> { unsafe base.assumingMemoryBound(to: Float.self) }
  var words: UnsafeMutablePointer<UInt16> { unsafe base.assumingMemoryBound(to: UInt16.self) }
  var bytes: UnsafeMutablePointer<UInt8> { unsafe base.assumingMemoryBound(to: UInt8.self) }

  /// Where rows of `size` bytes begin.
  func rows(_ size: Int) -> [UnsafeRawPointer?] {
    unsafe (0..<count / size).map { unsafe UnsafeRawPointer(base + $0 * size) }
  }
}

/// Seconds that a call takes: the least of several rounds, in each of which it runs often enough to
/// be timed.
func seconds(_ body: () -> Void) -> Double {
  body()
  let clock = ContinuousClock()
  let once = max(clock.measure(body) / .seconds(1), 1e-7)
  let repeats = max(1, Int(0.01 / once))
  return (0..<9).map { _ in
    clock.measure { for _ in 0..<repeats { body() } } / .seconds(1) / Double(repeats)
  }.min() ?? .infinity
}
