import ByteIO

/// The shapes of layers that are not all alike (spec, section 5.9, `SHAP`).
public struct LayerShapes: Sendable, Equatable {
  /// One layer.
  public struct Layer: Sendable, Equatable {
    /// Its KV heads; 0 for a layer without attention.
    public var kvHeads: Int
    /// Numbers of a key; 0 without heads.
    public var keyLength: Int
    /// Numbers of a value; 0 without heads.
    public var valueLength: Int

    /// A shape. `SnapshotMetadata.check` rejects what the format does not allow.
    public init(kvHeads: Int, keyLength: Int, valueLength: Int) {
      (self.kvHeads, self.keyLength, self.valueLength) = (kvHeads, keyLength, valueLength)
    }
  }

  /// [layers]
  public var layers: [Layer]

  /// Shapes of all layers.
  public init(layers: [Layer]) { self.layers = layers }

  static func byteCount(layers: Int) -> UInt64 { 12 * UInt64(layers) }

  var encoded: [UInt8] {
    var writer = ByteWriter()
    for layer in layers {
      for size in [layer.kvHeads, layer.keyLength, layer.valueLength] {
        writer.write(UInt32(clamping: size))
      }
    }
    return writer.bytes
  }

  /// - Parameter context: Has the greatest of each size.
  init(_ section: Section, context: ContextDescription) throws(MalformedFile) {
    var reader = section.reader
    layers = []
    for _ in 0..<context.layers {
      let heads = try reader.readSize("KV heads", 0...UInt32(context.kvHeads))
      let least: UInt32 = heads == 0 ? 0 : 1
      layers.append(
        Layer(
          kvHeads: heads,
          keyLength: try reader.readSize(
            "key elements", least...(heads == 0 ? 0 : UInt32(context.keyLength))),
          valueLength: try reader.readSize(
            "value elements", least...(heads == 0 ? 0 : UInt32(context.valueLength)))))
    }
    try reader.expectEnd()
    guard layers.contains(where: { $0 != layers[0] }) else {
      throw reader.error("all layers have one shape")
    }
    let greatest = Layer(
      kvHeads: layers.map(\.kvHeads).max() ?? 0, keyLength: layers.map(\.keyLength).max() ?? 0,
      valueLength: layers.map(\.valueLength).max() ?? 0)
    guard greatest == context.greatestShape else {
      throw reader.error("the greatest sizes of its layers are not those of CONT")
    }
  }
}

extension ContextDescription {
  fileprivate var greatestShape: LayerShapes.Layer {
    LayerShapes.Layer(kvHeads: kvHeads, keyLength: keyLength, valueLength: valueLength)
  }

  /// The shape of a layer.
  package func shape(ofLayer layer: Int) -> LayerShapes.Layer {
    shapes?.layers[layer] ?? greatestShape
  }

  /// How many KV heads a layer has.
  public func kvHeads(ofLayer layer: Int) -> Int { shape(ofLayer: layer).kvHeads }

  /// How many elements of a tensor one KV pair of a layer has.
  public func elementsPerPair(of tensor: ChunkTable.Tensor, layer: Int) -> Int {
    let shape = shape(ofLayer: layer)
    return switch tensor {
    case .positions: 1
    case .keys: shape.keyLength / keyCodec.numbers
    case .values: shape.valueLength / valueCodec.numbers
    }
  }

  /// Bytes of a tensor of one KV pair of a layer, in the cache's own type.
  public func rowBytes(of tensor: ChunkTable.Tensor, layer: Int) -> Int {
    elementsPerPair(of: tensor, layer: layer) * codec(of: tensor).width
  }
}
