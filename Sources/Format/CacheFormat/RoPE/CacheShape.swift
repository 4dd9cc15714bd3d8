public import ByteIO

/// The shape of a model's caches.
public struct CacheShape: Sendable, Equatable {
  /// Layers of the model.
  public var layers: Int
  /// KV heads in a layer.
  public var kvHeads: Int
  /// Elements of a key.
  public var keyLength: Int
  /// Elements of a value.
  public var valueLength: Int

  /// A shape of that many layers and heads.
  public init(layers: Int, kvHeads: Int, keyLength: Int, valueLength: Int) {
    (self.layers, self.kvHeads) = (layers, kvHeads)
    (self.keyLength, self.valueLength) = (keyLength, valueLength)
  }

  /// Elements of a pair.
  public var pairLength: Int { keyLength + valueLength }
  /// Heads of all layers together.
  public var heads: Int { layers * kvHeads }

  /// Writes the four numbers with which sections begin.
  public func write(to writer: inout ByteWriter) {
    for size in [layers, kvHeads, keyLength, valueLength] { writer.write(UInt32(clamping: size)) }
  }

  /// Reads them.
  ///
  /// - Throws: `MalformedFile`.
  public init(_ reader: inout ByteReader) throws(MalformedFile) {
    self.init(
      layers: try reader.readSize("layers", 1...4096),
      kvHeads: try reader.readSize("KV heads", 1...4096),
      keyLength: try reader.readSize("key elements", 1...8192),
      valueLength: try reader.readSize("value elements", 1...8192))
  }
}
