public import ModelFiles

/// The last tokens' queries of each layer, collected while a context is prefilled in chunks.
public final class RecentQueries {
  private let layers: [Matrix]
  /// How many rows of each layer are filled.
  private var counts: [Int]

  /// Has room for the queries of the last `tokens` tokens.
  ///
  /// - Throws: `EngineError.outOfMemory`.
  public init(_ model: ModelConfig, tokens: Int) throws(EngineError) {
    layers = try (0..<model.layers).map { _ throws(EngineError) in
      try Matrix(rows: tokens, columns: model.queryHeads * model.keyLength)
    }
    counts = Array(repeating: 0, count: model.layers)
  }

  /// Adds the first `count` rows that an observer sees of a layer.
  public func add(layer: Int, queries: Matrix, count: Int) {
    let target = layers[layer]
    let new = min(count, target.rows)
    let old = min(counts[layer], target.rows - new)
    for row in 0..<old {
      target.copy(row: counts[layer] - old + row, of: target, to: row)
    }
    for row in 0..<new { target.copy(row: count - new + row, of: queries, to: old + row) }
    counts[layer] = old + new
  }

  /// Adds the attention that these tokens pay to `sums`, their pairs being the cache's last ones.
  public func addAttention(to sums: AccumulatedAttention, of cache: KVCache) {
    for (layer, queries) in layers.enumerated() {
      sums.add(layer: layer, queries: queries, count: counts[layer], cache: cache)
    }
  }
}
