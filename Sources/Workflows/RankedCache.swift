import CacheCodec
import CacheFormat
import Dispatch
import Inference
import QFilters
import Synchronization

/// A cache whose pairs are ranked, ready to be written tier by tier.
struct RankedCache {
  private let cache: KVCache
  /// Positions best first, [layers · kvHeads].
  private let orders: [[UInt32]]

  /// Ranks every head's pairs by its Q-Filter.
  init(_ cache: KVCache, bank: FilterBank, ranking: Ranking) {
    self.cache = cache
    let heads = cache.shape.kvHeads
    let orders = Mutex([[UInt32]](repeating: [], count: cache.shape.layers * heads))
    DispatchQueue.concurrentPerform(iterations: cache.shape.layers * heads) { index in
      let (layer, head) = index.quotientAndRemainder(dividingBy: heads)
      let scores = QFilterScorer(filter: bank.filter(layer: layer, head: head)).scores(
        keys: cache.decodedKeys(layer: layer, head: head), length: cache.shape.keyLength)
      let order = ranking.order(scores)
      orders.withLock { $0[index] = order }
    }
    self.orders = orders.withLock { $0 }
  }

  /// Layers whose blocks are in memory at once while writing.
  private static let layersAtOnce = 4

  /// Writes all tiers; only a few layers of one tier are copied at a time.
  func write(
    to writer: inout SnapshotWriter, tiers: TierTable, progress: Progress
  ) throws {
    for tier in 0..<tiers.tierCount {
      for first in stride(from: 0, to: tiers.layers, by: Self.layersAtOnce) {
        let layers = first..<min(tiers.layers, first + Self.layersAtOnce)
        try writer.append(layers.map { block(tier: tier, layer: $0, tiers: tiers) })
        progress("write", tier * tiers.layers + layers.upperBound, tiers.tierCount * tiers.layers)
      }
    }
  }

  private func block(tier: Int, layer: Int, tiers: TierTable) -> PairBlock {
    var block = PairBlock(positions: [], keys: [], values: [])
    for head in 0..<tiers.kvHeads {
      let end = tiers.total(through: tier, layer: layer, head: head)
      let start = end - tiers.count(tier: tier, layer: layer, head: head)
      let pairs = orders[layer * tiers.kvHeads + head][start..<end]
      block.positions += pairs
      cache.gather(
        layer: layer, head: head, pairs: pairs, keys: &block.keys, values: &block.values)
    }
    return block
  }
}

extension ElementCodec {
  init(_ element: KVCache.Element) { self = element == .f16 ? .float16 : .float32 }
}
