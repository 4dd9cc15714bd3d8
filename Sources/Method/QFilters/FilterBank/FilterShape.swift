import ByteIO

/// The number and length of a model's filters.
public struct FilterShape: Sendable, Equatable, CustomStringConvertible {
  /// Layers of the model.
  public var layers: Int
  /// KV heads in a layer.
  public var kvHeads: Int
  /// Elements of a key, and so of a filter.
  public var headLength: Int

  /// A shape of `layers` × `kvHeads` filters of `headLength` elements.
  public init(layers: Int, kvHeads: Int, headLength: Int) {
    self.layers = layers
    self.kvHeads = kvHeads
    self.headLength = headLength
  }

  /// How many numbers all filters have together.
  public var count: Int { layers * kvHeads * headLength }

  /// As in "30 layers × 3 KV heads × 64".
  public var description: String {
    "\(layers) layer\(layers == 1 ? "" : "s") × \(kvHeads) KV head\(kvHeads == 1 ? "" : "s") × "
      + "\(headLength)"
  }
}

extension ByteReader {
  /// Reads layers and query heads, with which sections about query heads begin; returns the number
  /// of query heads in a layer.
  mutating func readQueryHeads(of shape: FilterShape) throws(MalformedFile) -> Int {
    let layers = try readSize("layers", 1...4096)
    let queryHeads = try readSize("query heads", 1...4096)
    guard layers == shape.layers, queryHeads % shape.kvHeads == 0 else {
      throw error("\(layers) layers of \(queryHeads) query heads do not fit \(shape)")
    }
    return queryHeads
  }
}
