/// How many filters a model has, and how long they are.
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
  public var description: String { "\(layers) layers × \(kvHeads) KV heads × \(headLength)" }
}
