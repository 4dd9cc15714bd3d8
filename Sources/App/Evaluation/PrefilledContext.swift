import ByteIO
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
  private var scorers: [Method: any Scorer] = [:]
  private var rankings: [Method: CacheRanking] = [:]
  /// What each method keeps whatever scores say.
  private let retentions: [Method: RetentionPolicy]
  private let wholeLayers: Int

  /// Prefills tokens, with room for `room` more. Hooks collect what `methods` and recall rank by.
  ///
  /// - Parameter isChat: Whether the tokens begin a user's turn.
  package init(
    _ tokens: [Int], isChat: Bool = false, room: Int, methods: [Method], model: LoadedModel,
    bank: FilterBank, retention: RetentionPolicy
  ) throws {
    var hooks: [Method: any QueryHook] = [:]
    var retentions: [Method: RetentionPolicy] = [:]
    var room = room
    for method in Set(methods + [.qFilters]) {
      guard case .ranked(let scorer) = method else { continue }
      guard let source = ScorerSource(scorer, bank: (bank, ""), seed: 0) else { continue }
      let resolved = retention.resolved(for: source)
      hooks[method] = try source.queryHook(model, resolved, tokens: tokens, isChat: isChat)
      retentions[method] = resolved
      room = max(room, source.room)
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
    (self.hooks, self.retentions, wholeLayers) = (hooks, retentions, retention.wholeLayers)
    self.model = model.engine.architecture
  }

  /// Positions best first, [layers · kvHeads]; without a ranking, in their own order.
  package func order(_ method: Method) throws -> [[UInt32]] {
    if let ranking = try ranking(method) { return ranking.orders }
    let positions = Array(0..<UInt32(cache.nextPosition))
    return Array(repeating: positions, count: cache.shape.layers * cache.shape.kvHeads)
  }

  /// How many pairs of each head a compression keeps, [layers · kvHeads].
  func kept(_ method: Method, compression: Int) throws -> [Int] {
    let average = RetentionPolicy.kept(of: cache.nextPosition, compression: compression)
    // Methods are compared with equally many pairs, even if those are fewer than the protected.
    if average >= retentions[method]?.protected(of: cache.nextPosition) ?? 0,
      let kept = try ranking(method)?.kept(compression: compression)
    {
      return kept
    }
    return (0..<cache.shape.layers * cache.shape.kvHeads).map { index in
      let (layer, head) = index.quotientAndRemainder(dividingBy: cache.shape.kvHeads)
      return self.kept(compression: compression, layer: layer, head: head)
    }
  }

  /// A cache of 1/`compression` of the pairs.
  func compressed(_ method: Method, compression: Int, room: Int) throws -> KVCache {
    let kept = try kept(method, compression: compression)
    let pairs = try zip(order(method), kept).map { $0.prefix($1).sorted() }
    return try cache.copy(keeping: pairs, room: room)
  }

  /// The score that a ranking method gives each pair, greater is better, [layers · kvHeads][pairs].
  func scores(_ method: Method) throws -> [[Float]] {
    guard let scorer = try scorer(method) else {
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
    guard case .ranked(let scorer) = method, let retention = retentions[method] else {
      return 0..<0
    }
    return retention.ranking(by: scorer, slidingWindow: nil).ranked(
      of: cache.nextPosition,
      outOfWindow: retention.pairsOutOfWindow(
        of: cache, layer: layer, head: head, last: cache.nextPosition, model: model))
  }

  private func scorer(_ method: Method) throws -> (any Scorer)? {
    if let scorer = scorers[method] { return scorer }
    let scorer = try hooks[method]?.scorer(of: cache, last: cache.nextPosition)
    scorers[method] = scorer
    return scorer
  }

  private func ranking(_ method: Method) throws -> CacheRanking? {
    if let ranking = rankings[method] { return ranking }
    guard let scorer = try scorer(method), let retention = retentions[method] else { return nil }
    let ranking = try CacheRanking(
      cache, last: cache.nextPosition, scorer: scorer, retention: retention, model: model)
    rankings[method] = ranking
    return ranking
  }
}

extension PrefilledContext: LayerSource {
  package func kept(compression: Int, layer: Int, head: Int) -> Int {
    layer < wholeLayers
      ? cache.nextPosition : RetentionPolicy.kept(of: cache.nextPosition, compression: compression)
  }

  package func load(layer: Int, into target: KVCache, tail: Range<UInt32>) throws -> [[Int]] {
    let heads = cache.shape.kvHeads
    let order = try order(.qFilters)
    for head in 0..<heads { cache.copy(layer: layer, head: head, into: target, tail: tail) }
    return (0..<heads).map { order[layer * heads + $0].map(Int.init) }
  }
}
