public import CacheFormat

/// Sums from which a linear score is learnt by least squares: for each layer the Gram matrix of
/// rows (features, targets), in float64 (spec, section 4.7).
///
/// They add up over text like `CalibrationStatistics`. The last feature is 1, so the matrix holds
/// the number of pairs and all sums, too.
public struct LinearScoreSums: Sendable {
  /// The shape of the caches.
  public let shape: CacheShape
  /// How layers encode positions.
  public let rope: LayerRoPE
  /// [layers] matrices [columns × columns], of which the upper triangle is filled.
  var grams: [[Double]]

  /// Sums over no text.
  public init(shape: CacheShape, rope: LayerRoPE) {
    precondition(rope.layers.count == shape.layers)
    (self.shape, self.rope) = (shape, rope)
    let square = shape.columns * shape.columns
    grams = .init(repeating: .init(repeating: 0, count: square), count: shape.layers)
  }

  /// Sinks are kept anyway, and their attention is like no other pair's.
  public static let sinks = 4

  /// Adds pairs of one layer, without the first `sinks` and those that no later token sees.
  ///
  /// - Parameters:
  ///   - pairs: All pairs of the context.
  ///   - targets: [kvHeads][pairs], scores as `AttentionTarget` has them.
  ///   - watched: Indices of the pairs that have a target; others do not count.
  /// - Throws: `CalibrationError.notFinite`, `.openBLASMissing`.
  public mutating func add(
    _ pairs: LayerKV, targets: [[Float]], watched: [Int]
  ) throws(CalibrationError) {
    let layer = rope.layers[pairs.layer]
    let unseen = layer.window.map { max(0, pairs.nextPosition - $0 + 1) } ?? 0
    let first = max(Self.sinks, unseen)
    let counted = watched.filter { $0 >= first }
    guard !counted.isEmpty else { return }
    let features = PairFeatures.rows(of: pairs, layer)
    let (width, columns) = (shape.features, shape.columns)
    var rows = [Float](repeating: 0, count: counted.count * columns)
    for (row, pair) in counted.enumerated() {
      for i in 0..<width { rows[row * columns + i] = features[pair * width + i] }
      for head in 0..<shape.kvHeads { rows[row * columns + width + head] = targets[head][pair] }
    }
    let gram = try LinearAlgebra.gram(
      rows.span, offset: 0, rows: counted.count, length: columns, stride: columns)
    guard SumGrid.add(gram, length: columns, to: &grams[pairs.layer]) else {
      throw .notFinite(layer: pairs.layer)
    }
  }

  /// Adds sums over other text. The order of adding does not change the result.
  ///
  /// - Parameter other: Sums of the same model.
  /// - Throws: `CalibrationError.notFinite` if the sums are too great for a float64.
  public mutating func add(_ other: LinearScoreSums) throws(CalibrationError) {
    precondition(shape == other.shape && rope == other.rope)
    for layer in grams.indices {
      for i in grams[layer].indices { grams[layer][i] += other.grams[layer][i] }
      guard grams[layer].allSatisfy(\.isFinite) else { throw .notFinite(layer: layer) }
    }
  }
}
