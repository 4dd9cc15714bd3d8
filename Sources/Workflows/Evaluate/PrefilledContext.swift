import Dispatch
import Inference
import QFilters
import Synchronization

/// A context in memory, from which caches of any method and compression are made.
final class PrefilledContext {
  /// The whole cache.
  let cache: KVCache
  private let model: LoadedModel
  private let bank: FilterBank
  /// The last queries of each layer, for SnapKV.
  private var queries: [Matrix] = []
  private var queryRows = 0
  private var orders: [Method: [[UInt32]]] = [:]
  /// So many first layers are kept whole by every compression.
  private let wholeLayers: Int

  /// The last tokens whose queries SnapKV looks at, and the neighbours over which it averages.
  private static let observed = 64
  private static let pooling = 5

  /// Prefills tokens, with room for `room` more.
  init(
    _ tokens: [Int], room: Int, model: LoadedModel, bank: FilterBank, wholeLayers: Int = 0
  ) throws {
    self.model = model
    self.wholeLayers = wholeLayers
    self.bank = bank
    cache = try KVCache(
      shape: model.engine.cacheShape, element: .f16, capacity: tokens.count + room)
    // Whole chunks first, so that the last queries come in one.
    let head = tokens.dropLast(Self.observed)
    if !head.isEmpty { _ = try model.engine.prefill(Array(head), into: cache) }
    let tail = Array(tokens.suffix(Self.observed))
    queryRows = tail.count
    _ = try model.engine.prefill(
      tail, into: cache,
      observe: { _, rows, count in self.queries.append(try rows.copy(rows: count)) })
  }

  /// Positions best first, [layers · kvHeads].
  func order(_ method: Method) throws -> [[UInt32]] {
    if let order = orders[method] { return order }
    let order = try rank(method)
    orders[method] = order
    return order
  }

  /// A cache of 1/`ratio` of the pairs.
  func compressed(_ method: Method, ratio: Int, room: Int) throws -> KVCache {
    let heads = cache.shape.kvHeads
    let places = try order(method).enumerated().map { index, order in
      order.prefix(kept(ratio: ratio, layer: index / heads, head: index % heads)).sorted()
    }
    return try cache.copy(keeping: places, room: room)
  }

  /// How a method values each pair, the greater the better, [layers · kvHeads][pairs].
  func scores(_ method: Method) throws -> [[Float]] {
    if method == .snapKV { return try snapKV() }
    let scorer = method.scorer(bank) ?? QFilterScorer(bank)
    let heads = cache.shape.kvHeads
    let scores = Mutex([[Float]](repeating: [], count: cache.shape.layers * heads))
    let cache = cache
    DispatchQueue.concurrentPerform(iterations: cache.shape.layers * heads) { index in
      let (layer, head) = index.quotientAndRemainder(dividingBy: heads)
      let values = scorer.scores(
        layer: layer, head: head, keys: cache.decodedKeys(layer: layer, head: head),
        keyLength: cache.shape.keyLength)
      scores.withLock { $0[index] = values }
    }
    return scores.withLock { $0 }
  }

  private func rank(_ method: Method) throws -> [[UInt32]] {
    let ranking =
      method == .snapKV
      ? Ranking(sinks: 0, window: Self.observed) : Ranking(sinks: 4, window: 64)
    return try scores(method).map(ranking.order)
  }

  private func snapKV() throws -> [[Float]] {
    let attention = try AttentionMass(model.engine.architecture, pairs: cache.nextPosition)
    for (layer, queries) in queries.enumerated() {
      attention.add(layer: layer, queries: queries, count: queryRows, cache: cache)
    }
    let heads = cache.shape.kvHeads
    return (0..<cache.shape.layers * heads).map { index in
      let sums = attention.sums(
        layer: index / heads, head: index % heads, pairs: cache.nextPosition)
      return RecallSelection.pool(sums, over: Self.pooling)
    }
  }
}

extension PrefilledContext: LayerSource {
  func kept(ratio: Int, layer: Int, head: Int) -> Int {
    layer < wholeLayers ? cache.nextPosition : max(1, cache.nextPosition / ratio)
  }

  func load(layer: Int, into target: KVCache, tail: Range<UInt32>) throws -> [[Int]] {
    let heads = cache.shape.kvHeads
    let order = try order(.qFilters)
    for head in 0..<heads { cache.copy(layer: layer, head: head, into: target, tail: tail) }
    return (0..<heads).map { order[layer * heads + $0].map(Int.init) }
  }
}
