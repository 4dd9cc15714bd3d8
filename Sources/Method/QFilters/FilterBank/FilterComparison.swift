/// How much the Q-Filters of two banks of the same shape agree.
public struct FilterComparison: Sendable {
  /// The shape of both banks.
  public let shape: FilterShape
  /// The cosine of the two filters of each layer and KV head, [layers][kvHeads]; 0 where a filter
  /// is 0.
  public let cosines: [Double]

  /// Compares two banks; nil if their shapes differ.
  public init?(_ a: FilterBank, _ b: FilterBank) {
    guard a.shape == b.shape else { return nil }
    let length = a.shape.headLength
    shape = a.shape
    cosines = (0..<a.shape.layers * a.shape.kvHeads).map { index in
      let range = index * length..<(index + 1) * length
      return Self.cosine(a.filters[range], b.filters[range])
    }
  }

  /// The cosines of one layer's KV heads.
  public func cosines(layer: Int) -> ArraySlice<Double> {
    cosines[layer * shape.kvHeads..<(layer + 1) * shape.kvHeads]
  }

  private static func cosine(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
    func product(_ x: ArraySlice<Float>, _ y: ArraySlice<Float>) -> Double {
      zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let lengths = (product(a, a) * product(b, b)).squareRoot()
    return lengths > 0 ? product(a, b) / lengths : 0
  }
}
