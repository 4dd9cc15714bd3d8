import CacheFormat
package import Inference
import ModelFiles
package import QFilters

/// Sees a context's queries during the prefill, for a scorer that needs them.
package protocol QueryHook: AnyObject {
  /// Receives the queries of a layer's next `count` tokens.
  func observe(layer: Int, queries: Matrix, count: Int) throws

  /// The scorer of the last `pairs` pairs of each head. The cache holds all of the context's pairs
  /// at their positions.
  func scorer(of cache: KVCache, last pairs: Int) throws -> any Scorer
}

extension ScorerSource {
  /// The hook that sees a context for the scorer.
  ///
  /// - Parameters:
  ///   - tokens: The context's; nil if it is not known. KVzip repeats them.
  ///   - isChat: Whether they begin a user's turn.
  package func queryHook(
    _ model: LoadedModel, _ retention: RetentionPolicy, tokens: [Int]? = nil, isChat: Bool = false
  ) throws -> any QueryHook {
    let engine = model.engine
    switch self {
    case .qFilters(let bank, _) where retention.usesPublishedScore:
      return KeysOnlyHook { _, _ in QFilterScorer(bank) }
    case .qFilters(let bank, _):
      return KeysOnlyHook { cache, pairs in
        let filters = bank.scorer(after: cache.nextPosition, engine: engine)
        guard retention.usesLinearScore(of: bank),
          let linear = bank.linearScores(of: cache, last: pairs, engine: engine)
        else { return filters }
        return BudgetedFilterScorer(filters, linear: linear)
      }
    case .linear(let bank, let path):
      return KeysOnlyHook { cache, pairs in
        guard let scores = bank.linearScores(of: cache, last: pairs, engine: engine) else {
          throw NoLinearScore(path: path)
        }
        return scores
      }
    case .keys(let scorer): return KeysOnlyHook { _, _ in scorer }
    case .kvzip:
      return KeysOnlyHook { cache, _ in
        try RepeatPass(model, isChat: isChat).scores(tokens ?? [], cache: cache)
      }
    case .snapKV: return try SnapKVHook(engine)
    case .expectedAttention: return try ExpectedAttentionHook(engine)
    }
  }

  /// How many more pairs than the context's a cache needs room for while it is ranked.
  package var room: Int {
    guard case .kvzip = self else { return 0 }
    return Engine.chunk
  }
}

/// Sees nothing: the scorer needs only the cache.
private final class KeysOnlyHook: QueryHook {
  private let scorer: (_ cache: KVCache, _ pairs: Int) throws -> any Scorer

  init(_ scorer: @escaping (_ cache: KVCache, _ pairs: Int) throws -> any Scorer) {
    self.scorer = scorer
  }

  func observe(layer: Int, queries: Matrix, count: Int) {}

  func scorer(of cache: KVCache, last pairs: Int) throws -> any Scorer {
    try scorer(cache, pairs)
  }
}

/// Keeps the queries of the last tokens.
private final class SnapKVHook: QueryHook {
  private let engine: Engine
  private let recent: RecentQueries

  init(_ engine: Engine) throws {
    self.engine = engine
    recent = try RecentQueries(engine.architecture, tokens: SnapKVScorer.window)
  }

  func observe(layer: Int, queries: Matrix, count: Int) {
    recent.add(layer: layer, queries: queries, count: count)
  }

  func scorer(of cache: KVCache, last _: Int) throws -> any Scorer {
    SnapKVScorer(
      attention: try recent.attention(to: cache, engine), kvHeads: cache.shape.kvHeads)
  }
}

/// Sums queries before RoPE, except those of the first tokens.
private final class ExpectedAttentionHook: QueryHook {
  private let engine: Engine
  private var statistics: CalibrationStatistics
  /// The queries of one chunk before RoPE.
  private let unrotated: Matrix
  /// The number of tokens that each layer has seen.
  private var seen: [Int]

  init(_ engine: Engine) throws {
    let model = engine.architecture
    self.engine = engine
    statistics = CalibrationStatistics(
      shape: FilterShape(of: model), queryHeads: model.queryHeads)
    unrotated = try Matrix(rows: Engine.chunk, columns: model.queryHeads * model.keyLength)
    seen = Array(repeating: 0, count: model.layers)
  }

  func observe(layer: Int, queries: Matrix, count: Int) throws {
    let rows = min(count, max(0, ExpectedAttentionScorer.sinks - seen[layer]))..<count
    seen[layer] += count
    guard !rows.isEmpty else { return }
    let unrotated = unrotated
    engine.undoRotation(layer: layer, of: queries, rows: rows, into: unrotated)
    try statistics.add(
      layer: layer, queries: unrotated.leadingRows(rows.count), count: rows.count)
  }

  func scorer(of cache: KVCache, last _: Int) throws -> any Scorer {
    let end = cache.nextPosition
    let future = end..<end + ExpectedAttentionScorer.futurePositions
    return ExpectedAttentionScorer(
      queries: QueryMoments(statistics),
      rotations: (0..<cache.shape.layers).map {
        let mean = engine.meanRotation(layer: $0, positions: future)
        return Rotation(cosines: mean.cosines, sines: mean.sines)
      },
      scale: engine.attentionScale,
      valueLengths: cache.forEachHead {
        VectorLengths.lengths(
          cache.decodedValues(layer: $0, head: $1), of: cache.shape.valueLength)
      })
  }
}

extension RecentQueries {
  /// [layers · kvHeads][positions]: what these queries pay the pairs of a cache.
  func attention(to cache: KVCache, _ engine: Engine) throws -> [[Float]] {
    let pairs = cache.nextPosition
    let mass = try AccumulatedAttention(engine.architecture, pairs: pairs)
    addAttention(to: mass, of: cache)
    return cache.forEachHead { mass.sums(layer: $0, head: $1, pairs: pairs) }
  }
}

extension KVCache {
  /// A result for each head, [layers · kvHeads].
  fileprivate func forEachHead<T>(_ body: (_ layer: Int, _ head: Int) -> T) -> [T] {
    (0..<shape.layers * shape.kvHeads).map { body($0 / shape.kvHeads, $0 % shape.kvHeads) }
  }
}
