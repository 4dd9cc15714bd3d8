public import CacheFormat

/// Numbers of other engines' caches: FP8, and ggml's Q8_0.
extension ContextDescription {
  /// The context as this project's caches hold it: foreign elements become f16.
  public var held: ContextDescription {
    var context = self
    if keyCodec.isForeign { context.keyCodec = .float16 }
    if valueCodec.isForeign { context.valueCodec = .float16 }
    context.scales = nil
    return context
  }

  /// A head's keys or values as floats.
  ///
  /// - Parameter bytes: Elements of the cache's own type.
  public func floats(
    _ bytes: [UInt8], of tensor: ChunkTable.Tensor, layer: Int, head: Int
  ) -> [Float] {
    let codec = codec(of: tensor)
    let numbers = codec.floats(bytes)
    guard codec.isFloat8, let scales else { return numbers }
    let index = layer * kvHeads + head
    let scale = tensor == .keys ? scales.keys[index] : scales.values[index]
    return scale == 1 ? numbers : numbers.map { $0 * scale }
  }

  /// A head's keys or values as `held` has them. Foreign numbers are rounded to the nearest f16, at
  /// most ±65504.
  public func heldBytes(
    _ bytes: [UInt8], of tensor: ChunkTable.Tensor, layer: Int, head: Int
  ) -> [UInt8] {
    guard codec(of: tensor).isForeign else { return bytes }
    var halves: [UInt8] = []
    halves.reserveCapacity(2 * bytes.count)
    for number in floats(bytes, of: tensor, layer: layer, head: head) {
      let limited = number.isNaN ? number : min(max(number, -65504), 65504)
      let bits = Float16(limited).bitPattern
      halves.append(UInt8(truncatingIfNeeded: bits))
      halves.append(UInt8(truncatingIfNeeded: bits >> 8))
    }
    return halves
  }
}

extension ElementCodec {
  /// Foreign elements as floats, without scales.
  func foreignFloats(_ bytes: [UInt8]) -> [Float] {
    switch self {
    case .float8E4M3: bytes.map { Self.e4m3[Int($0)] }
    // The upper byte of a binary16.
    case .float8E5M2: bytes.map { Float(Float16(bitPattern: UInt16($0) << 8)) }
    default:
      stride(from: 0, to: bytes.count, by: width).flatMap { start in
        let scale = UInt16(bytes[start]) | UInt16(bytes[start + 1]) << 8
        return bytes[start + 2..<start + width].map {
          Float(Float16(bitPattern: scale)) * Float(Int8(bitPattern: $0))
        }
      }
    }
  }

  /// The numbers of all E4M3 elements. Source: OCP 8-bit floating point specification, 2023.
  private static let e4m3: [Float] = (0..<256).map { (bits: Int) -> Float in
    let (exponent, mantissa) = (bits >> 3 & 15, bits & 7)
    guard exponent < 15 || mantissa < 7 else { return .nan }
    let magnitude =
      exponent == 0
      ? Float(mantissa) * 0x1p-9
      : Float(8 + mantissa) * Float(sign: .plus, exponent: exponent - 10, significand: 1)
    return bits < 128 ? magnitude : -magnitude
  }
}
