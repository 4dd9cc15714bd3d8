import Inference
import ModelFiles
import QFilters

/// A context in memory, from which caches of any method and compression are made.
final class PrefilledContext {
  /// The whole cache.
  let cache: KVCache
  private let watches: [Method: any QueryHook]
  private let model: ModelConfig
  private var orders: [Method: [[UInt32]]] = [:]
  /// What every method keeps.
  private let retention: RetentionPolicy

  /// Prefills tokens, with room for `room` more, and watches what `methods`, and recall, rank by.
  init(
    _ tokens: [Int], room: Int, methods: [Method], model: LoadedModel, bank: FilterBank,
    retention: RetentionPolicy
  ) throws {
    self.retention = retention
    var watches: [Method: any QueryHook] = [:]
    for method in Set(methods + [.qFilters]) {
      guard case .ranked(let scorer) = method else { continue }
      let ranking = ScorerSource(scorer, bank: (bank, ""), seed: 0)
      watches[method] = try ranking?.watch(
        model.engine, usesPublishedScore: retention.usesPublishedScore)
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
    self.model = model.engine.architecture
  }

  /// Positions best first, [layers · kvHeads]; without a ranking, in their own order.
  func order(_ method: Method) throws -> [[UInt32]] {
    if let order = orders[method] { return order }
    let order = try rank(method)
    orders[method] = order
    return order
  }

  /// A cache of 1/`compression` of the pairs.
  func compressed(_ method: Method, compression: Int, room: Int) throws -> KVCache {
    let heads = cache.shape.kvHeads
    let places = try order(method).enumerated().map { index, order in
      order.prefix(kept(compression: compression, layer: index / heads, head: index % heads))
        .sorted()
    }
    return try cache.copy(keeping: places, room: room)
  }

  /// How a method that ranks values each pair, the greater the better, [layers · kvHeads][pairs].
  func scores(_ method: Method) throws -> [[Float]] {
    guard let scorer = try watches[method]?.scorer(of: cache) else {
      preconditionFailure("\(method.rawValue) values no pairs")
    }
    let heads = cache.shape.kvHeads
    let cache = cache
    return try concurrentMap(cache.shape.layers * heads) { index in
      let (layer, head) = index.quotientAndRemainder(dividingBy: heads)
      return try scorer.finiteScores(
        layer: layer, head: head, keys: cache.decodedKeys(layer: layer, head: head),
        keyLength: cache.shape.keyLength)
    }
  }

  /// The places of a head's pairs that a method ranks by its scores.
  func ranked(by method: Method, layer: Int, head: Int) -> Range<Int> {
    guard case .ranked(let scorer) = method else { return 0..<0 }
    return retention.ranking(by: scorer, slidingWindow: nil).ranked(
      of: cache.nextPosition,
      outOfWindow: retention.hiddenPairs(
        of: cache, layer: layer, head: head, last: cache.nextPosition, model: model))
  }

  private func rank(_ method: Method) throws -> [[UInt32]] {
    guard watches[method] != nil, case .ranked(let scorer) = method else {
      let positions = Array(0..<UInt32(cache.nextPosition))
      return Array(repeating: positions, count: cache.shape.layers * cache.shape.kvHeads)
    }
    let heads = cache.shape.kvHeads
    return try scores(method).enumerated().map { index, scores in
      let (layer, head) = index.quotientAndRemainder(dividingBy: heads)
      return retention.order(
        scores, by: scorer, of: cache, layer: layer, head: head, model: model)
    }
  }
}

extension PrefilledContext: LayerSource {
  func kept(compression: Int, layer: Int, head: Int) -> Int {
    layer < retention.wholeLayers
      ? cache.nextPosition : RetentionPolicy.kept(of: cache.nextPosition, compression: compression)
  }

  func load(layer: Int, into target: KVCache, tail: Range<UInt32>) throws -> [[Int]] {
    let heads = cache.shape.kvHeads
    let order = try order(.qFilters)
    for head in 0..<heads { cache.copy(layer: layer, head: head, into: target, tail: tail) }
    return (0..<heads).map { order[layer * heads + $0].map(Int.init) }
  }
}
