import CacheFormat
import Inference
import ModelFiles
import QFilters

/// A context in memory, from which caches of any method and compression are made.
final class PrefilledContext {
  /// The whole cache.
  let cache: KVCache
  private let watches: [Method: any ContextWatch]
  private let windows: [Int?]
  private var orders: [Method: [[UInt32]]] = [:]

  /// What every method keeps.
  private static let ranking = Ranking(sinks: 4, window: 64)

  /// Prefills tokens, with room for `room` more.
  init(_ tokens: [Int], room: Int, model: LoadedModel, bank: FilterBank) throws {
    var watches: [Method: any ContextWatch] = [:]
    for scorer in TierTable.Scorer.allCases {
      let method = RankingMethod(scorer, bank: (bank, ""), seed: 0)
      watches[.ranked(scorer)] = try method?.watch(model.engine)
    }
    cache = try KVCache(
      shape: model.engine.cacheShape, element: .f16, capacity: tokens.count + room)
    _ = try model.engine.prefill(
      tokens, into: cache,
      observe: { layer, queries, count in
        for watch in watches.values {
          try watch.observe(layer: layer, queries: queries, count: count)
        }
      })
    self.watches = watches
    windows = model.engine.architecture.windows
  }

  /// Positions best first, [layers · kvHeads]; without a ranking, in their own order.
  func order(_ method: Method) throws -> [[UInt32]] {
    if let order = orders[method] { return order }
    let order = try rank(method)
    orders[method] = order
    return order
  }

  /// A cache of 1/`ratio` of the pairs.
  func compressed(_ method: Method, ratio: Int, room: Int) throws -> KVCache {
    let kept = max(1, cache.nextPosition / ratio)
    return try cache.copy(keeping: order(method).map { $0.prefix(kept).sorted() }, room: room)
  }

  private func rank(_ method: Method) throws -> [[UInt32]] {
    guard let scorer = try watches[method]?.scorer(of: cache) else {
      let positions = Array(0..<UInt32(cache.nextPosition))
      return Array(repeating: positions, count: cache.shape.layers * cache.shape.kvHeads)
    }
    return RankedCache(cache, scorer: scorer, ranking: Self.ranking, windows: windows).orders
  }
}

extension PrefilledContext: LayerSource {
  func kept(ratio: Int, layer: Int, head: Int) -> Int { max(1, cache.nextPosition / ratio) }

  func load(layer: Int, into target: KVCache, tail: Range<UInt32>) throws -> [[Int]] {
    let heads = cache.shape.kvHeads
    let order = try order(.qFilters)
    for head in 0..<heads { cache.copy(layer: layer, head: head, into: target, tail: tail) }
    return (0..<heads).map { order[layer * heads + $0].map(Int.init) }
  }
}
