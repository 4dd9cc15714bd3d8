import ByteIO
package import CacheCodec
package import CacheFormat
import Inference
import ModelFiles
package import QFilters
import Transforms

/// A context's whole cache, ranked, tiered and written as a snapshot, wherever the cache came from.
package struct NewSnapshot {
  /// What to write.
  package struct Options: Sendable {
    /// Only the pairs that ×N keeps are stored; 1 stores every tier.
    package var compression = 1
    /// How keys and values are held and stored.
    package var precision = Precision(.float16)
    /// The transform that codes keys and values, which then are all stored; `precision` says how
    /// they are held.
    package var transform: TransformChoice?
    /// Whose keys open the snapshot; none for one that is not encrypted.
    package var secrets: [Secret] = []
    /// What every compression keeps.
    package var retention = RetentionPolicy()

    /// Every tier in f16, four sinks and the usual window.
    package init() {}
  }

  /// What was written, and how long it took.
  package struct Written: Sendable {
    /// The snapshot's size.
    package let bytes: UInt64
    /// Seconds for ranking, compressing and writing.
    package let seconds: Double
    /// How well the transform fits the text; nil if none coded it.
    package let fit: TransformFit?
    /// Whether sinks, window or whole layers protect all pairs, so that every ×N keeps all of them.
    package let isAlwaysWhole: Bool
  }

  let model: LoadedModel
  let source: ScorerSource
  let tokens: [Int]
  let promptForm: ContextDescription.PromptForm
  /// Their window is resolved for the source.
  let options: Options
  /// The program that computed the cache; nil for this one.
  var importedFrom: String?

  /// Ranks a cache and writes it.
  ///
  /// - Parameters:
  ///   - cache: The pairs of all tokens.
  ///   - hook: Has seen the context.
  ///   - recent: The context's last queries, which a transform's coding looks at.
  /// - Throws: `ScoreNotFinite`, `NotQuantisable`, `SystemError`; what the hook throws.
  func write(
    _ cache: KVCache, hook: any QueryHook, recent: RecentQueries? = nil, to out: String,
    progress: Progress
  ) throws -> Written {
    let clock = Stopwatch()
    progress("rank", 0, 1)
    let ranked = try RankedCache(
      cache, hook: hook, retention: options.retention, model: model.engine.architecture)
    let metadata = try metadata(ranked.ranking)
    let coding = try options.transform?.coding(
      positions: 0..<tokens.count, attention: recent?.attention(to: cache, model.engine))
    var writer = try SnapshotWriter(
      path: out, metadata: metadata, codecs: options.precision.codecs(metadata.tiers),
      layout: coding?.layout, secrets: options.secrets)
    try ranked.write(to: &writer, tiers: metadata.tiers, coding: coding, progress: progress)
    let fit = coding.map { _ in writer.fit }
    let bytes = try writer.finish()
    let shape = cache.shape
    return Written(
      bytes: bytes, seconds: clock.seconds, fit: fit,
      isAlwaysWhole: (0..<shape.layers * shape.kvHeads).allSatisfy {
        let (layer, head) = $0.quotientAndRemainder(dividingBy: shape.kvHeads)
        return metadata.tiers.floor(layer: layer, head: head) == tokens.count
      })
  }

  private func metadata(_ pairs: CacheRanking) throws -> SnapshotMetadata {
    let (origin, shape) = (source.origin, model.engine.cacheShape)
    let codec = options.precision.element
    let retention = options.retention
    let ranking = retention.ranking(by: origin.scorer, slidingWindow: nil)
    let protected = ranking.protected(of: tokens.count)
    let floors = (0..<shape.layers * shape.kvHeads).map { index in
      index / shape.kvHeads < retention.wholeLayers ? tokens.count : protected
    }
    return SnapshotMetadata(
      identity: model.snapshotIdentity, filterDigest: origin.filters,
      context: ContextDescription(
        layers: shape.layers, kvHeads: shape.kvHeads, keyLength: shape.keyLength,
        valueLength: shape.valueLength, tokens: tokens.count, promptForm: promptForm,
        keyCodec: codec, valueCodec: codec),
      tiers: pairs.tiers(
        ranking, by: origin.scorer, layers: shape.layers, kvHeads: shape.kvHeads, floors: floors,
        compression: options.compression),
      tokens: tokens.map(UInt32.init),
      provenance: try Provenance.json(
        model: model.file.name, origin: origin, ranking: retention.rules(of: source),
        importedFrom: importedFrom))
  }
}
