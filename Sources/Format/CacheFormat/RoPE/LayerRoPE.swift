/// How a model's layers encode positions: whoever ranks or decodes a snapshot has no model (spec,
/// section 4.6).
public struct LayerRoPE: Sendable, Equatable {
  /// One layer.
  public struct Layer: Sendable, Equatable {
    /// How many tokens one of this layer sees, itself included; nil for all before it.
    public var window: Int?
    /// What cosines and sines are multiplied by.
    public var magnitude: Float
    /// The angle between neighbouring positions of each plane. Element i of the first half of a
    /// key's rotated part and element i of the second half form a plane.
    public var frequencies: [Float]

    /// One layer.
    public init(window: Int?, magnitude: Float, frequencies: [Float]) {
      (self.window, self.magnitude, self.frequencies) = (window, magnitude, frequencies)
    }
  }

  /// All layers, which have equally many frequencies.
  public let layers: [Layer]
  /// The greatest length of a sequence in tokens that this holds for; nil for any. Some kinds of
  /// RoPE depend on the length.
  public let longest: Int?
  /// What products of queries and keys are multiplied by.
  public let scale: Float

  /// The layers of a model.
  public init(layers: [Layer], longest: Int?, scale: Float) {
    precondition(Set(layers.map(\.frequencies.count)).count == 1)
    (self.layers, self.longest, self.scale) = (layers, longest, scale)
  }
}

extension LayerRoPE {
  /// Whether a sequence of `tokens` is rotated like this.
  public func holds(for tokens: Int) -> Bool { longest.map { tokens <= $0 } ?? true }
}

extension LayerRoPE.Layer {
  /// Keys as they were before RoPE.
  ///
  /// - Parameters:
  ///   - heads: [kvHeads][positions × length], after RoPE in half-split order.
  ///   - positions: Those of the keys of each head.
  ///   - length: Elements of a key; at least two for each frequency.
  public func undone(_ heads: [[Float]], at positions: [UInt32], length: Int) -> [[Float]] {
    precondition(2 * frequencies.count <= length)
    precondition(heads.allSatisfy { $0.count == positions.count * length })
    let rotation = KeyRotation(self, at: positions)
    return heads.map { keys in
      var undone = keys
      rotation.turnBack(keys, length: length, into: &undone, first: 0, width: length)
      return undone
    }
  }
}
