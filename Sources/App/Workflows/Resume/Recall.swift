package import Inference
import QFilters

/// Prefills a question against a whole stored context, one layer in memory at a time, and keeps 1/N
/// of each layer's pairs: those that the question attends to, and the best-ranked ones.
///
/// The cache has room for the whole context. It takes memory only for the current layer and for
/// what the others keep.
package final class Recall {
  private let source: any LayerSource
  private let engine: Engine
  private let cache: KVCache
  private let compression: Int
  private let attention: AccumulatedAttention
  /// What brings pairs nearer that are out of reach; nil if there are none.
  private let nearing: KeyShift?
  /// The position at which the question begins.
  private let start: Int
  /// For each layer that was loaded and each head, the slots of its stored pairs, best first.
  private var rankings: [[[Int]]] = []
  private var current: Int?
  /// Seconds for loading layers.
  private(set) var loadSeconds = 0.0

  /// The maximum number of tokens of a drafted answer.
  private static let draftTokens = 24
  private static let drafts = 3

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

  /// Prefills the question against the whole context. The cache then holds the kept pairs and the
  /// question's own.
  ///
  /// - Returns: The question's logits.
  package func prefill(_ question: [Int]) throws -> [Float] {
    clear()
    let logits = try engine.prefill(
      question, into: cache, ready: load,
      observe: { layer, queries, count in
        self.attention.add(layer: layer, queries: queries, count: count, cache: self.cache)
      })
    try settle()
    return logits
  }

  /// Chooses again, by the question and by a draft of its answer. An answer attends to words that
  /// its question does not (lookahead queries, arXiv 2505.20334).
  ///
  /// - Parameters:
  ///   - logits: The question's.
  ///   - limit: The maximum number of tokens of the answer.
  ///   - isEnd: Whether a token ends an answer.
  package func lookAhead(
    _ question: [Int], logits: [Float], limit: Int, isEnd: (Int) -> Bool
  ) throws {
    let room = cache.capacity - start - question.count
    var last: [Int] = []
    for _ in 0..<Self.drafts {
      let draft = try draft(
        after: logits, tokens: min(limit, room, Self.draftTokens), isEnd: isEnd)
      // An equal draft would choose the same pairs again.
      guard draft != last else {
        return cache.removeLast(cache.nextPosition - start - question.count)
      }
      last = draft
      _ = try prefill(question + draft)
      cache.removeLast(draft.count)
    }
  }

  private func draft(
    after logits: [Float], tokens: Int, isEnd: (Int) -> Bool
  ) throws -> [Int] {
    var sampler = Sampler(Sampler.Options())
    var draft: [Int] = []
    var logits = logits
    while draft.count < tokens {
      let id = sampler.next(logits)
      if isEnd(id) { break }
      draft.append(id)
      if draft.count < tokens { logits = try engine.decode(id, into: cache) }
    }
    return draft
  }

  private func clear() {
    for layer in 0..<cache.shape.layers {
      for head in 0..<cache.shape.kvHeads { cache.keep(layer: layer, head: head, pairs: []) }
    }
    cache.continue(at: start)
    attention.clear()
    rankings = Array(repeating: [], count: cache.shape.layers)
  }

  /// Settles the layer before, and loads this one. A long question comes in several chunks; the
  /// pairs of earlier chunks are put aside meanwhile.
  private func load(_ layer: Int) throws {
    try settle()
    let heads = 0..<cache.shape.kvHeads
    let tails = heads.map { head in
      PairsAside(cache, layer, head, after: rankings[layer].isEmpty ? 0 : kept(layer, head))
    }
    for head in heads { cache.keep(layer: layer, head: head, pairs: []) }
    let clock = Stopwatch()
    rankings[layer] = try source.load(
      layer: layer, into: cache, tail: UInt32(start)..<UInt32(cache.nextPosition))
    try nearing?.apply(to: cache, layer: layer)
    loadSeconds += clock.seconds
    for head in heads { tails[head].putBack(into: cache, layer, head) }
    current = layer
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

/// The last pairs of a head, put aside while its other pairs are loaded again.
private struct PairsAside {
  private var keys: [UInt8] = []
  private var values: [UInt8] = []

  init(_ cache: KVCache, _ layer: Int, _ head: Int, after kept: Int) {
    let pairs = (kept..<cache.count(layer: layer, head: head)).map(UInt32.init)
    cache.gather(layer: layer, head: head, pairs: pairs[...], keys: &keys, values: &values)
  }

  func putBack(into cache: KVCache, _ layer: Int, _ head: Int) {
    cache.withKeys(layer: layer, head: head) { Self.write(keys, to: &$0) }
    cache.withValues(layer: layer, head: head) { Self.write(values, to: &$0) }
  }

  private static func write(_ bytes: [UInt8], to span: inout MutableRawSpan) {
    let start = span.byteCount - bytes.count
    for (index, byte) in bytes.enumerated() {
      span.storeBytes(of: byte, toByteOffset: start + index, as: UInt8.self)
    }
  }
}
