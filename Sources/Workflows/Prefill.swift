import ByteIO
import CacheCodec
import CacheFormat
public import Inference
import ModelFiles
public import QFilters

/// A document's KV cache, ranked, tiered and written as a snapshot.
public enum Prefill {
  /// What to write.
  public struct Options: Sendable {
    /// The document is the beginning of a user's turn that the next prompt completes.
    public var usesChat = false
    /// Only what ×compression keeps is stored; 1 stores every tier.
    public var compression = 1
    /// How keys and values are held and stored.
    public var element = KVCache.Element.f16
    /// Tokens that rank before all others.
    public var ranking = Ranking(sinks: 4, window: 64)
    /// So many first layers are kept whole by every compression.
    public var wholeLayers = 0

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

  private struct Origin: Encodable {
    let filters: String
  }

  /// Prefills a document and writes its snapshot.
  ///
  /// - Parameters:
  ///   - text: UTF-8.
  ///   - bank: The model's Q-Filters.
  ///   - bankPath: Where they came from, for messages.
  /// - Throws: `IdentityMismatch` if the filters are another model's, `PromptError`, `SystemError`.
  public static func run(
    _ model: LoadedModel, bank: FilterBank, bankPath: String, text: [UInt8], options: Options,
    out: String, progress: Progress
  ) throws -> Result {
    try bank.identity.check(against: model.identity, path: bankPath)
    try checkShape(bank, model.engine.cacheShape, path: bankPath)
    guard !text.isEmpty else { throw PromptError.empty(source: "the prompt") }
    let tokens = try Prompt.opening(text, usesChat: options.usesChat, model: model)
    try Prompt.checkLength(tokens.count, model)
    let metadata = try metadata(model, bank, tokens, options)
    // Opened before the long work, so that a folder that cannot be written is noticed at once.
    var writer = try SnapshotWriter(path: out, metadata: metadata)

    let clock = Stopwatch()
    let cache = try KVCache(
      shape: model.engine.cacheShape, element: options.element, capacity: tokens.count)
    _ = try model.engine.prefill(tokens, into: cache) { progress("prefill", $0, tokens.count) }
    let prefillSeconds = clock.seconds

    let writing = Stopwatch()
    let orders = RankedCache(cache, bank: bank, ranking: options.ranking)
    try orders.write(to: &writer, tiers: metadata.tiers, progress: progress)
    let bytes = try writer.finish()
    return Result(
      tokens: tokens.count, prefillSeconds: prefillSeconds, writeSeconds: writing.seconds,
      bytes: bytes, cacheBytes: cache.bytes)
  }

  /// The digests tie the filters to the model; that they also fit it is not taken on trust.
  private static func checkShape(
    _ bank: FilterBank, _ cache: KVCache.Shape, path: String
  ) throws(MalformedFile) {
    let needed = FilterShape(
      layers: cache.layers, kvHeads: cache.kvHeads, headLength: cache.keyLength)
    guard bank.shape == needed else {
      throw MalformedFile(
        path: path, section: "FILT",
        problem: "filters of \(bank.shape), but its own model has \(needed); compute them again")
    }
  }

  private static func metadata(
    _ model: LoadedModel, _ bank: FilterBank, _ tokens: [Int], _ options: Options
  ) throws -> SnapshotMetadata {
    let shape = model.engine.cacheShape
    let codec = ElementCodec(options.element)
    let protected = options.ranking.protected(of: tokens.count)
    let floors = (0..<shape.layers * shape.kvHeads).map { index in
      index / shape.kvHeads < options.wholeLayers ? tokens.count : protected
    }
    return SnapshotMetadata(
      identity: model.identity, filterDigest: bank.digest,
      context: ContextDescription(
        layers: shape.layers, kvHeads: shape.kvHeads, keyLength: shape.keyLength,
        valueLength: shape.valueLength, tokens: tokens.count,
        promptForm: options.usesChat ? .openUserTurn : .plain, keyCodec: codec, valueCodec: codec),
      tiers: TierTable(
        sinks: options.ranking.sinks, window: options.ranking.window, layers: shape.layers,
        kvHeads: shape.kvHeads, tokens: tokens.count, floors: floors,
        compression: options.compression),
      tokens: tokens.map(UInt32.init),
      provenance: try Provenance.json(
        model: model.file.name, origin: Origin(filters: bank.digest.description)))
  }
}
