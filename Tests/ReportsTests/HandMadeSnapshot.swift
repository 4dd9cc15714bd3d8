import CacheCodec
import CacheFormat

/// A snapshot whose ranking a test has chosen; its keys and values are zeros.
struct HandMadeSnapshot {
  var layers = 1
  var compression = 1
  var tokens: Int
  /// Each head's positions, best first, alike in all layers.
  var rankings: [[UInt32]]
  /// [ratios][heads]: what each ratio keeps, alike in all layers; nil for equal budgets.
  var budgets: [[Int]]?
  /// The least that every ratio keeps.
  var floor = 0

  func write(to path: String) throws {
    let heads = rankings.count
    let equal = TierTable.ratios(at: compression).map { ratio in
      rankings.map { _ in max(tokens / ratio, floor) }
    }
    let tiers = TierTable(
      scorer: .qFilters, sinks: 0, window: 0, layers: layers, kvHeads: heads, tokens: tokens,
      floors: [Int](repeating: floor, count: layers * heads),
      budgets: (budgets ?? equal).map { counts in
        (0..<layers * heads).map { counts[$0 % heads] }
      }, compression: compression)
    let digest = Digest([UInt8](repeating: 7, count: Digest.byteCount))
    let metadata = SnapshotMetadata(
      identity: SnapshotIdentity(
        values: Identity(weights: digest, architecture: digest, rope: digest, tokenizer: digest)),
      filterDigest: digest,
      context: ContextDescription(
        layers: layers, kvHeads: rankings.count, keyLength: 1, valueLength: 1, tokens: tokens,
        promptForm: .plain, keyCodec: .float16, valueCodec: .float16),
      tiers: tiers, tokens: [UInt32](repeating: 0, count: tokens), provenance: "{}")
    var writer = try SnapshotWriter(path: path, metadata: metadata)
    for tier in 0..<tiers.tierCount {
      try writer.append((0..<layers).map { block(tiers, tier: tier, layer: $0) })
    }
    _ = try writer.finish()
  }

  private func block(_ tiers: TierTable, tier: Int, layer: Int) -> PairBlock {
    let positions = rankings.enumerated().flatMap { head, ranking in
      let end = tiers.total(through: tier, layer: layer, head: head)
      let pairs = ranking[(end - tiers.count(tier: tier, layer: layer, head: head))..<end]
      return tiers.isByPosition(tier: tier) ? pairs.sorted() : Array(pairs)
    }
    let zeros = [UInt8](repeating: 0, count: 2 * positions.count)
    return PairBlock(positions: positions, keys: zeros, values: zeros)
  }
}
