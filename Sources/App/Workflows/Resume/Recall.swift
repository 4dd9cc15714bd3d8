package import Inference
import QFilters

/// Prefills a question against a whole stored context, one layer in memory at a time, and keeps 1/N
/// of each layer's pairs: those that the question attends to, and the best-ranked ones.
///
/// The cache has room for the whole context. It takes memory only for the current layer and for
/// what the others keep. `lookAhead` then drafts the answer and chooses again by it.
package final class Recall {
  private let source: any LayerSource
  let engine: Engine
  let cache: KVCache
  private let compression: Int
  private let attention: AccumulatedAttention
  /// What brings pairs nearer that are out of reach; nil if there are none.
  private let nearing: KeyShift?
  /// The position at which the question begins.
  let start: Int
  /// What ×32 keeps without a question, or ×N if it is less: the best-ranked pairs. Made by
  /// `prefill`.
  private(set) var unasked: KVCache?
  /// For each layer that was loaded and each head, the slots of its stored pairs, best first.
  private var rankings: [[[Int]]] = []
  private var current: Int?
  private var place = RecallPlace.own
  /// Seconds for loading layers.
  private(set) var loadSeconds = 0.0

  /// Recalls from `source` into an empty cache whose next position is the question's first.
  ///
  /// - Parameter reach: As in `RecallReach`.
  package init(
    _ source: any LayerSource, compression: Int, reach: Int?, engine: Engine, into cache: KVCache
  ) throws {
    self.source = source
    self.engine = engine
    self.cache = cache
    self.compression = compression
    start = cache.nextPosition
    attention = try AccumulatedAttention(engine.architecture, pairs: cache.capacity)
    nearing = try RecallReach(reach, of: engine.architecture).shifts(before: start).map {
      try KeyShift(engine.architecture, shifts: $0)
    }
  }

  /// The places from which a question may see pairs.
  var places: [RecallPlace] { nearing == nil ? [.own] : [.own, .near] }

  /// Prefills the question against the whole context at its own place. The cache then holds the
  /// kept pairs and the question's own.
  ///
  /// - Returns: The question's logits.
  package func prefill(_ question: [Int]) throws -> [Float] {
    let capacities = (0..<cache.shape.layers * cache.shape.kvHeads).map { index in
      let (layer, head) = index.quotientAndRemainder(dividingBy: cache.shape.kvHeads)
      return min(unaskedPairs(layer, head), start) + question.count + Self.draftTokens
    }
    let unasked = try KVCache(shape: cache.shape, dtype: cache.dtype, capacities: capacities)
    unasked.continue(at: start)
    self.unasked = unasked
    return try prefill(question, at: .own)
  }

  /// Prefills tokens against the whole context, seen from a place, and chooses by them.
  ///
  /// - Returns: The last token's logits.
  func prefill(_ tokens: [Int], at place: RecallPlace) throws -> [Float] {
    clear(place)
    let logits = try engine.prefill(tokens, into: cache, ready: load, observe: observe)
    try settle()
    return logits
  }

  /// The same, with what the whole context continues each of the last `count` tokens with.
  func likeliest(afterLast count: Int, of tokens: [Int], at place: RecallPlace) throws -> [Int] {
    clear(place)
    let likeliest = try engine.likeliest(
      afterLast: count, of: tokens, into: cache, ready: load, observe: observe)
    try settle()
    return likeliest
  }

  private func observe(layer: Int, queries: Matrix, count: Int) {
    attention.add(layer: layer, queries: queries, count: count, cache: cache)
  }

  private func clear(_ place: RecallPlace) {
    for layer in 0..<cache.shape.layers {
      for head in 0..<cache.shape.kvHeads { cache.keep(layer: layer, head: head, pairs: []) }
    }
    cache.continue(at: start)
    attention.clear()
    rankings = Array(repeating: [], count: cache.shape.layers)
    self.place = place
  }

  /// Settles the layer before, and loads this one. A long question comes in several chunks; the
  /// pairs of earlier chunks are put aside meanwhile.
  private func load(_ layer: Int) throws {
    try settle()
    let heads = 0..<cache.shape.kvHeads
    let isAgain = !rankings[layer].isEmpty
    let tails = heads.map { head in
      PairsAside(cache, layer, head, after: isAgain ? kept(layer, head) : 0)
    }
    for head in heads { cache.keep(layer: layer, head: head, pairs: []) }
    let clock = Stopwatch()
    rankings[layer] = try source.load(
      layer: layer, into: cache, tail: UInt32(start)..<UInt32(cache.nextPosition))
    copyUnasked(layer)
    if place == .near { try nearing?.apply(to: cache, layer: layer) }
    loadSeconds += clock.seconds
    for head in heads { tails[head].putBack(into: cache, layer, head) }
    current = layer
  }

  private func copyUnasked(_ layer: Int) {
    guard let unasked, unasked.count(layer: layer, head: 0) == 0 else { return }
    for head in 0..<cache.shape.kvHeads {
      let first = rankings[layer][head].prefix(unaskedPairs(layer, head))
      cache.copy(
        layer: layer, head: head, pairs: first.sorted().map(UInt32.init), into: unasked)
    }
  }

  private func unaskedPairs(_ layer: Int, _ head: Int) -> Int {
    source.kept(compression: max(compression, 32), layer: layer, head: head)
  }

  private func kept(_ layer: Int, _ head: Int) -> Int {
    min(
      rankings[layer][head].count, source.kept(compression: compression, layer: layer, head: head))
  }

  /// Drops the pairs that the current layer does not keep.
  private func settle() throws(EngineError) {
    guard let layer = current else { return }
    for head in 0..<cache.shape.kvHeads {
      let ranking = rankings[layer][head]
      let mass = attention.sums(layer: layer, head: head, pairs: ranking.count)
      guard mass.allSatisfy(\.isFinite) else { throw .notFinite }
      let slots = RecallTopK.slots(
        ranking: ranking, mass: mass, kept: kept(layer, head))
      cache.keep(
        layer: layer, head: head,
        pairs: slots + (ranking.count..<cache.count(layer: layer, head: head)))
    }
    current = nil
  }
}

/// From where a question sees the stored pairs.
enum RecallPlace {
  /// From its own position.
  case own
  /// As if those that are out of reach were nearer.
  case near
}
