import CacheCodec
import CacheFormat

/// What a new turn continues: the snapshot that was read, or an older one of its chain.
///
/// A chain of hundreds of short turns is slow to read. So if the last sixteen snapshots have
/// similar sizes (none holds half of their tokens), the next turn holds their pairs, too. Then a
/// chain of 256 turns has at most 33 snapshots, and each pair was written at most twice. The
/// sixteen stay for other continuations until they are removed.
struct TurnParent {
  let chain: SnapshotChain
  /// The position of the turn's first pair.
  let end: Int

  private static let similar = 16

  /// - Parameters:
  ///   - start: The position after what was read.
  ///   - mode: What was read. Other caches than the whole one lack pairs of older turns.
  /// - Throws: As `SnapshotChain`.
  init(
    of chain: SnapshotChain, before start: Int, _ mode: ResumeMode, _ companions: Companions
  ) throws {
    let last = chain.snapshots.count - 1 - Self.similar
    let sizes = chain.snapshots.suffix(Self.similar).map(\.metadata.tiers.tokens)
    guard mode == .whole, last >= 0, 2 * (sizes.max() ?? 0) < sizes.reduce(0, +) else {
      (self.chain, end) = (chain, start)
      return
    }
    self.chain = try SnapshotChain(path: chain.snapshots[last].path, with: companions)
    end = min(start, chain.end(ofSnapshot: last))
  }
}
