import CacheFormat
package import Inference
import ModelFiles
package import QFilters

/// Sees a context's queries during the prefill, for a scorer that needs them.
package protocol QueryHook: AnyObject {
  /// Receives the queries of a layer's next `count` tokens.
  func observe(layer: Int, queries: Matrix, count: Int) throws

  /// The scorer of the context's pairs. The cache holds all of them.
  func scorer(of cache: KVCache) throws -> any Scorer
}

extension ScorerSource {
  /// The hook that sees a context for the scorer.
  ///
  /// - Parameter usesPublishedScore: Whether Q-Filters score as published, without a turn to what
  ///   follows the context.
  package func queryHook(_ engine: Engine, usesPublishedScore: Bool) throws -> any QueryHook {
    switch self {
    case .qFilters(let bank, _) where usesPublishedScore: KeysOnlyHook { _ in QFilterScorer(bank) }
    case .qFilters(let bank, _): KeysOnlyHook { bank.scorer(after: $0, engine: engine) }
    case .keys(let scorer): KeysOnlyHook { _ in scorer }
    case .snapKV: try SnapKVHook(engine)
    case .expectedAttention: try ExpectedAttentionHook(engine)
    }
  }
}

/// Sees nothing: the scorer needs only keys, and the context's length.
private final class KeysOnlyHook: QueryHook {
  private let scorer: (_ tokens: Int) -> any Scorer

  init(_ scorer: @escaping (_ tokens: Int) -> any Scorer) { self.scorer = scorer }

  func observe(layer: Int, queries: Matrix, count: Int) {}

  func scorer(of cache: KVCache) -> any Scorer { scorer(cache.nextPosition) }
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

  func scorer(of cache: KVCache) throws -> any Scorer {
    let pairs = cache.nextPosition
    let mass = try AccumulatedAttention(engine.architecture, pairs: pairs)
    recent.addAttention(to: mass, of: cache)
    return SnapKVScorer(
      attention: cache.forEachHead { mass.sums(layer: $0, head: $1, pairs: pairs) },
      kvHeads: cache.shape.kvHeads)
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

  func scorer(of cache: KVCache) throws -> any Scorer {
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

extension KVCache {
  /// A result for each head, [layers · kvHeads].
  fileprivate func forEachHead<T>(_ body: (_ layer: Int, _ head: Int) -> T) -> [T] {
    (0..<shape.layers * shape.kvHeads).map { body($0 / shape.kvHeads, $0 % shape.kvHeads) }
  }
}
