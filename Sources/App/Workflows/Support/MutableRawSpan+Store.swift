extension MutableRawSpan {
  /// Replaces the bytes from an offset on, which must have room for all of them.
  mutating func store(_ bytes: [UInt8], at start: Int) {
    for (index, byte) in bytes.enumerated() {
      storeBytes(of: byte, toByteOffset: start + index, as: UInt8.self)
    }
  }
}
