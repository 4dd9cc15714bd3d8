import ByteIO

/// What a head's FP8 elements are multiplied by (spec, section 5.10, `SCAL`).
public struct FP8Scales: Sendable, Equatable {
  /// [layers · kvHeads]; 1 where keys are not FP8.
  public var keys: [Float]
  /// [layers · kvHeads]; 1 where values are not FP8.
  public var values: [Float]

  /// Scales of all heads.
  public init(keys: [Float], values: [Float]) { (self.keys, self.values) = (keys, values) }

  static func byteCount(heads: Int) -> UInt64 { 8 * UInt64(heads) }

  var encoded: [UInt8] {
    var writer = ByteWriter()
    for (key, value) in zip(keys, values) {
      writer.write(key)
      writer.write(value)
    }
    return writer.bytes
  }

  private static let greatest: Float = 0x1p64

  init(_ section: Section, context: ContextDescription) throws(MalformedFile) {
    var reader = section.reader
    (keys, values) = ([], [])
    for layer in 0..<context.layers {
      for head in 0..<context.kvHeads {
        let isThere = head < context.kvHeads(ofLayer: layer)
        for codec in [context.keyCodec, context.valueCodec] {
          let scale = try reader.readFloat()
          guard scale > 0, scale <= Self.greatest, codec.isFloat8 && isThere || scale == 1 else {
            throw reader.error("layer \(layer), head \(head): a scale of \(scale)")
          }
          if keys.count == values.count { keys.append(scale) } else { values.append(scale) }
        }
      }
    }
    try reader.expectEnd()
  }
}
