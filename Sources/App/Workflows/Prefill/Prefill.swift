import ByteIO
package import CacheCodec
package import CacheFormat
import Inference
import ModelFiles
package import QFilters
import Transforms

/// A document's KV cache, ranked, tiered and written as a snapshot.
package enum Prefill {
  /// What to write.
  package struct Options: Sendable {
    /// Whether the document begins a user's turn that the next prompt completes.
    package var usesChat = false
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
  package struct Result: Sendable {
    /// Tokens of the context.
    package let tokens: Int
    /// Seconds for the forward pass.
    package let prefillSeconds: Double
    /// Seconds for ranking, compressing and writing.
    package let writeSeconds: Double
    /// The snapshot's size.
    package let bytes: UInt64
    /// The cache's size in memory, in bytes.
    package let cacheBytes: Int
    /// How well the transform fits the text; nil if none coded it.
    package let fit: TransformFit?
    /// Whether sinks, window or whole layers protect all pairs, so that every ×N keeps all of them.
    package let isAlwaysWhole: Bool
  }

  /// Prefills a document and writes its snapshot.
  ///
  /// - Parameters:
  ///   - text: UTF-8.
  ///   - scorer: What ranks the pairs.
  /// - Throws: `IdentityMismatch` if the filters are another model's, `PromptError`,
  ///   `NotQuantisable`, `SystemError`.
  package static func run(
    _ model: LoadedModel, scorer source: ScorerSource, text: [UInt8], options: Options, out: String,
    progress: Progress
  ) throws -> Result {
    var options = options
    options.retention = options.retention.resolved(for: source)
    let shape = model.engine.cacheShape
    try source.check(model)
    try options.transform?.check(model.identity)
    guard !text.isEmpty else { throw PromptError.empty(source: "the prompt") }
    let tokens = try Prompt.opening(text, usesChat: options.usesChat, model: model)
    try Prompt.checkLength(tokens.count, model)
    // Before the long work, so that a folder that cannot be written fails at once.
    try AtomicFile.checkWritable(out)

    let clock = Stopwatch()
    let cache = try KVCache(
      shape: shape, dtype: KVCache.DType(options.precision.element),
      capacity: tokens.count + source.room)
    let hook = try source.queryHook(
      model, options.retention, tokens: tokens, isChat: options.usesChat)
    let recent = try options.transform.map { _ in
      try RecentQueries(model.engine.architecture, tokens: PositionOffsets.queries)
    }
    progress("prefill", 0, tokens.count)
    _ = try model.engine.prefill(
      tokens, into: cache,
      observe: {
        try hook.observe(layer: $0, queries: $1, count: $2)
        recent?.add(layer: $0, queries: $1, count: $2)
      },
      progress: { progress("prefill", $0, tokens.count) })
    let prefillSeconds = clock.seconds

    let writing = Stopwatch()
    progress("rank", 0, 1)
    let ranked = try RankedCache(
      cache, hook: hook, retention: options.retention, model: model.engine.architecture)
    let metadata = try metadata(model, source, tokens, ranked.ranking, options)
    let coding = try options.transform?.coding(
      positions: 0..<tokens.count, attention: recent?.attention(to: cache, model.engine))
    var writer = try SnapshotWriter(
      path: out, metadata: metadata, codecs: options.precision.codecs(metadata.tiers),
      layout: coding?.layout, secrets: options.secrets)
    try ranked.write(to: &writer, tiers: metadata.tiers, coding: coding, progress: progress)
    let fit = coding.map { _ in writer.fit }
    let bytes = try writer.finish()
    return Result(
      tokens: tokens.count, prefillSeconds: prefillSeconds, writeSeconds: writing.seconds,
      bytes: bytes, cacheBytes: cache.bytes, fit: fit,
      isAlwaysWhole: (0..<shape.layers * shape.kvHeads).allSatisfy {
        let (layer, head) = $0.quotientAndRemainder(dividingBy: shape.kvHeads)
        return metadata.tiers.floor(layer: layer, head: head) == tokens.count
      })
  }

  private static func metadata(
    _ model: LoadedModel, _ source: ScorerSource, _ tokens: [Int], _ pairs: CacheRanking,
    _ options: Options
  ) throws -> SnapshotMetadata {
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
        valueLength: shape.valueLength, tokens: tokens.count,
        promptForm: options.usesChat ? .openUserTurn : .plain, keyCodec: codec, valueCodec: codec),
      tiers: pairs.tiers(
        ranking, by: origin.scorer, layers: shape.layers, kvHeads: shape.kvHeads, floors: floors,
        compression: options.compression),
      tokens: tokens.map(UInt32.init),
      provenance: try Provenance.json(
        model: model.file.name, origin: origin, ranking: retention.rules(of: source)))
  }
}
