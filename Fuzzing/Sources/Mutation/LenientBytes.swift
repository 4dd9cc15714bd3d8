import CFuzzing

/// Little-endian fields of bytes that may be too short: missing bytes read as 0, and writing there
/// does nothing.
extension [UInt8] {
  func u32(_ offset: Int) -> UInt32 { UInt32(truncatingIfNeeded: integer(offset, 4)) }

  func u64(_ offset: Int) -> UInt64 { integer(offset, 8) }

  mutating func set(_ value: UInt32, at offset: Int) { set(UInt64(value), 4, offset) }

  mutating func set(_ value: UInt64, at offset: Int) { set(value, 8, offset) }

  /// Cuts the bytes, or appends zeros.
  mutating func resize(to count: Int) {
    if count < self.count { removeLast(self.count - count) }
    append(contentsOf: repeatElement(0, count: count - self.count))
  }

  /// Lets libFuzzer change the bytes, which may grow by `growth`.
  mutating func mutate(growth: Int) {
    let (count, maximum) = (self.count, self.count + growth)
    guard maximum > 0 else { return }
    resize(to: maximum)
    let size = unsafe withUnsafeMutableBufferPointer {
      unsafe LLVMFuzzerMutate($0.baseAddress, count, maximum)
    }
    resize(to: size)
  }

  private func integer(_ offset: Int, _ width: Int) -> UInt64 {
    guard offset >= 0, offset <= count - width else { return 0 }
    return (0..<width).reduce(0) { $0 | UInt64(self[offset + $1]) << (8 * UInt64($1)) }
  }

  private mutating func set(_ value: UInt64, _ width: Int, _ offset: Int) {
    guard offset >= 0, offset <= count - width else { return }
    for i in 0..<width {
      self[offset + i] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(i)))
    }
  }
}
