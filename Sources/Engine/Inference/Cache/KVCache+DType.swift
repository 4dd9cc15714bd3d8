import CInferenceKernels

extension KVCache {
  /// How an element of a key or value is held.
  public enum DType: Sendable, Equatable {
    /// IEEE 754 binary16, 2 bytes.
    case f16
    /// The upper half of a binary32, 2 bytes.
    case bf16
    /// IEEE 754 binary32, 4 bytes.
    case f32

    /// Bytes of an element.
    public var size: Int { self == .f32 ? 4 : 2 }
  }
}

extension KVCache.DType {
  /// The greatest number that is not rounded to infinity.
  var limit: Float {
    switch self {
    case .f16: Float(65_520).nextDown
    case .bf16: Float(bitPattern: 0x7F7F_7FFF)
    case .f32: .greatestFiniteMagnitude
    }
  }

  /// The greatest element, for reports.
  var limitText: String {
    switch self {
    case .f16: "65504"
    case .bf16: "3.39e38"
    case .f32: "3.40e38"
    }
  }

  var kernelType: ck_type {
    switch self {
    case .f16: CK_F16
    case .bf16: CK_BF16
    case .f32: CK_F32
    }
  }

  /// Rounds floats to elements.
  @unsafe func store(
    _ source: UnsafePointer<Float>, _ length: Int, at target: UnsafeMutableRawPointer
  ) {
    switch self {
    case .f32:
      unsafe target.copyMemory(from: source, byteCount: length * MemoryLayout<Float>.stride)
    case .bf16:
      unsafe Kernels.current.table.pointee.bf16_from_float(
        source, target.assumingMemoryBound(to: UInt16.self), length)
    case .f16:
      unsafe Kernels.current.table.pointee.f16_from_float(
        source, target.assumingMemoryBound(to: UInt16.self), length)
    }
  }
}
