public import CacheFormat

extension ElementCodec {
  /// Elements of a cache in this type as floats.
  ///
  /// - Parameter bytes: Little-endian elements; the type must be one of `elements` or `foreign`.
  public func floats(_ bytes: [UInt8]) -> [Float] {
    guard Self.elements.contains(self) else { return foreignFloats(bytes) }
    let count = bytes.count / width
    return unsafe [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      unsafe bytes.withUnsafeBytes { bytes in
        if let source = bytes.baseAddress, let target = buffer.baseAddress {
          unsafe CodecKernels.current.toFloat(source, self, target, count)
        }
      }
      filled = count
    }
  }
}
