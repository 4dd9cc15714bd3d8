import ByteIO
public import CacheCodec
import CacheFormat
import Inference
import ModelFiles
import QFilters

/// A document's KV cache, ranked, tiered and written as a snapshot.
public enum Prefill {
  /// What to write.
  public struct Options: Sendable {
    /// The document is the beginning of a user's turn that the next prompt completes.
    public var usesChat = false
    /// Only what ×compression keeps is stored; 1 stores every tier.
    public var compression = 1
    /// How keys and values are held and stored.
    public var precision = Precision(.float16)
    /// What every compression keeps.
    public var retention = RetentionPolicy()

    /// Every tier in f16, four sinks and a window of 64.
    public init() {}
  }

  /// What was done.
  public struct Result: Sendable {
    /// Tokens of the context.
    public let tokens: Int
    /// Seconds for the forward pass.
    public let prefillSeconds: Double
    /// Seconds for ranking, compressing and writing.
    public let writeSeconds: Double
    /// The snapshot's size.
    public let bytes: UInt64
    /// What the cache takes in memory.
    public let cacheBytes: Int
  }

  /// Prefills a document and writes its snapshot.
  ///
  /// - Parameters:
  ///   - text: UTF-8.
  ///   - method: What ranks the pairs.
  /// - Throws: `IdentityMismatch` if the filters are another model's, `PromptError`, `NotQuantisable`,
  ///   `SystemError`.
  public static func run(
    _ model: LoadedModel, method: ScorerSource, text: [UInt8], options: Options, out: String,
    progress: Progress
  ) throws -> Result {
    let shape = model.engine.cacheShape
    try method.check(model)
    guard !text.isEmpty else { throw PromptError.empty(source: "the prompt") }
    let tokens = try Prompt.opening(text, usesChat: options.usesChat, model: model)
    try Prompt.checkLength(tokens.count, model)
    let metadata = try metadata(model, method, tokens, options)
    // Opened before the long work, so that a folder that cannot be written is noticed at once.
    var writer = try SnapshotWriter(
      path: out, metadata: metadata, codecs: options.precision.codecs(metadata.tiers))

    let clock = Stopwatch()
    let cache = try KVCache(
      shape: shape, dtype: KVCache.DType(options.precision.element), capacity: tokens.count)
    let watch = try method.watch(
      model.engine, usesPublishedScore: options.retention.usesPublishedScore)
    progress("prefill", 0, tokens.count)
    _ = try model.engine.prefill(
      tokens, into: cache,
      observe: { try watch.observe(layer: $0, queries: $1, count: $2) },
      progress: { progress("prefill", $0, tokens.count) })
    let prefillSeconds = clock.seconds

    let writing = Stopwatch()
    progress("rank", 0, 1)
    let orders = try RankedCache(
      cache, scorer: watch.scorer(of: cache), retention: options.retention,
      model: model.engine.architecture)
    try orders.write(to: &writer, tiers: metadata.tiers, progress: progress)
    let bytes = try writer.finish()
    return Result(
      tokens: tokens.count, prefillSeconds: prefillSeconds, writeSeconds: writing.seconds,
      bytes: bytes, cacheBytes: cache.bytes)
  }

  private static func metadata(
    _ model: LoadedModel, _ method: ScorerSource, _ tokens: [Int], _ options: Options
  ) throws -> SnapshotMetadata {
    let (origin, shape) = (method.origin, model.engine.cacheShape)
    let codec = options.precision.element
    let retention = options.retention
    let ranking = retention.ranking(by: origin.scorer, slidingWindow: nil)
    let protected = ranking.protected(of: tokens.count)
    let floors = (0..<shape.layers * shape.kvHeads).map { index in
      index / shape.kvHeads < retention.wholeLayers ? tokens.count : protected
    }
    return SnapshotMetadata(
      identity: model.identity, filterDigest: origin.filters,
      context: ContextDescription(
        layers: shape.layers, kvHeads: shape.kvHeads, keyLength: shape.keyLength,
        valueLength: shape.valueLength, tokens: tokens.count,
        promptForm: options.usesChat ? .openUserTurn : .plain, keyCodec: codec, valueCodec: codec),
      tiers: TierTable(
        scorer: origin.scorer, sinks: ranking.sinks, window: ranking.window, layers: shape.layers,
        kvHeads: shape.kvHeads, tokens: tokens.count, floors: floors,
        compression: options.compression),
      tokens: tokens.map(UInt32.init),
      provenance: try Provenance.json(
        model: model.file.name, origin: origin, ranking: retention.rules(of: method)))
  }
}
