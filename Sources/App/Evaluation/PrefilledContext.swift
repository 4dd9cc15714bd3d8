package import Inference
import ModelFiles
package import QFilters
package import Workflows

/// A context in memory, from which caches of any method and compression are made.
package final class PrefilledContext {
  /// The whole cache.
  let cache: KVCache
  private let hooks: [Method: any QueryHook]
  private let model: ModelConfig
  private var orders: [Method: [[UInt32]]] = [:]
  /// What every method keeps.
  private let retention: RetentionPolicy

  /// Prefills tokens, with room for `room` more. Hooks collect what `methods` and recall rank by.
  package init(
    _ tokens: [Int], room: Int, methods: [Method], model: LoadedModel, bank: FilterBank,
    retention: RetentionPolicy
  ) throws {
    self.retention = retention
    var hooks: [Method: any QueryHook] = [:]
    for method in Set(methods + [.qFilters]) {
      guard case .ranked(let scorer) = method else { continue }
      let source = ScorerSource(scorer, bank: (bank, ""), seed: 0)
      hooks[method] = try source?.queryHook(
        model.engine, usesPublishedScore: retention.usesPublishedScore)
    }
    cache = try KVCache(
      shape: model.engine.cacheShape, dtype: .f16, capacity: tokens.count + room)
    _ = try model.engine.prefill(
      tokens, into: cache,
      observe: { layer, queries, count in
        for hook in hooks.values {
          try hook.observe(layer: layer, queries: queries, count: count)
        }
      })
    self.hooks = hooks
    self.model = model.engine.architecture
  }

  /// Positions best first, [layers · kvHeads]; without a ranking, in their own order.
  package func order(_ method: Method) throws -> [[UInt32]] {
    if let order = orders[method] { return order }
    let order = try rank(method)
    orders[method] = order
    return order
  }

  /// A cache of 1/`compression` of the pairs.
  func compressed(_ method: Method, compression: Int, room: Int) throws -> KVCache {
    let heads = cache.shape.kvHeads
    let pairs = try order(method).enumerated().map { index, order in
      order.prefix(kept(compression: compression, layer: index / heads, head: index % heads))
        .sorted()
    }
    return try cache.copy(keeping: pairs, room: room)
  }

  /// The score that a ranking method gives each pair, greater is better, [layers · kvHeads][pairs].
  func scores(_ method: Method) throws -> [[Float]] {
    guard let scorer = try hooks[method]?.scorer(of: cache) else {
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

  /// The pairs of a head that a method ranks by its scores: neither sinks nor window nor what no
  /// later token sees.
  func ranked(by method: Method, layer: Int, head: Int) -> Range<Int> {
    guard case .ranked(let scorer) = method else { return 0..<0 }
    return retention.ranking(by: scorer, slidingWindow: nil).ranked(
      of: cache.nextPosition,
      outOfWindow: retention.pairsOutOfWindow(
        of: cache, layer: layer, head: head, last: cache.nextPosition, model: model))
  }

  private func rank(_ method: Method) throws -> [[UInt32]] {
    guard hooks[method] != nil, case .ranked(let scorer) = method else {
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
  package func kept(compression: Int, layer: Int, head: Int) -> Int {
    layer < retention.wholeLayers
      ? cache.nextPosition : RetentionPolicy.kept(of: cache.nextPosition, compression: compression)
  }

  package func load(layer: Int, into target: KVCache, tail: Range<UInt32>) throws -> [[Int]] {
    let heads = cache.shape.kvHeads
    let order = try order(.qFilters)
    for head in 0..<heads { cache.copy(layer: layer, head: head, into: target, tail: tail) }
    return (0..<heads).map { order[layer * heads + $0].map(Int.init) }
  }
}
