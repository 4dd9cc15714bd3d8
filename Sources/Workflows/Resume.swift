import ByteIO
import CacheCodec
import CacheFormat
import Inference
import ModelFiles

/// Going on from a snapshot.
public enum Resume {
  /// What came out, and what it took.
  public struct Result: Sendable {
    /// The new tokens.
    public let generation: Generation
    /// Seconds from opening the snapshot until its last layer was in memory; the first layers' part of
    /// the prompt is computed meanwhile.
    public let loadSeconds: Double
    /// Seconds from opening the snapshot to the first new token.
    public let firstTokenSeconds: Double
    /// Pairs held when the first new token came, over all layers and heads.
    public let pairs: Int
    /// Bytes that they take.
    public let cacheBytes: Int
    /// Bytes read from the snapshot.
    public let bytesRead: UInt64
    /// Tokens of the context that was saved.
    public let contextTokens: Int
  }

  /// Loads a snapshot, adds a prompt and generates.
  ///
  /// - Parameters:
  ///   - compression: Only what ×compression keeps is read and attended to; nil for the whole cache.
  ///   - text: The prompt in UTF-8; in a snapshot made with a chat template, the rest of the user's turn.
  /// - Throws: `IdentityMismatch` if the snapshot is another model's, `CompressionNotStored`,
  ///   `MalformedFile`, `SystemError`, `PromptError`.
  public static func run(
    _ model: LoadedModel, snapshot: String, text: [UInt8], compression: Int?,
    options: Generation.Options, emit: (String) -> Void
  ) throws -> Result {
    guard !text.isEmpty else { throw PromptError.empty(source: "the prompt") }
    let identity = model.identity
    let clock = Stopwatch()
    let reader = try SnapshotReader(path: snapshot)
    let metadata = reader.metadata
    try metadata.identity.check(against: identity, path: snapshot)
    let continuation = try Prompt.continuation(
      text, after: metadata.tokens.map(Int.init),
      completesTurn: metadata.context.promptForm == .openUserTurn, model: model)
    let start = metadata.context.tokens - continuation.dropped
    let total = start + continuation.tokens.count
    try Prompt.checkLength(total, model)
    let room = min(model.contextLength, total + options.maximumTokens) - start
    let cache = try emptyCache(reader, compression: compression, room: room, model: model)
    cache.continue(at: start)
    let loader = CacheLoader(reader, compression: compression, before: start, into: cache)
    var loadSeconds = 0.0
    let logits = try model.engine.prefill(
      continuation.tokens, into: cache,
      ready: { layer in
        try loader.wait(for: layer)
        // A long prompt comes by in several chunks; the first of them finds the last layer loaded.
        if layer == cache.shape.layers - 1, loadSeconds == 0 { loadSeconds = clock.seconds }
      })
    let firstTokenSeconds = clock.seconds
    let (pairs, bytes) = (cache.pairs, cache.bytes)
    let generation = try Generation.run(
      model, cache: cache, logits: logits, options: options, emit: emit)
    return Result(
      generation: generation, loadSeconds: loadSeconds, firstTokenSeconds: firstTokenSeconds,
      pairs: pairs, cacheBytes: bytes, bytesRead: reader.bytesRead,
      contextTokens: metadata.context.tokens)
  }

  /// A cache with room for what a compression keeps and for more tokens.
  private static func emptyCache(
    _ reader: SnapshotReader, compression: Int?, room: Int, model: LoadedModel
  ) throws -> KVCache {
    let context = reader.metadata.context
    _ = try reader.tiersNeeded(ratio: compression)
    let shape = model.engine.cacheShape
    try checkShape(reader, shape, vocabularySize: model.engine.architecture.vocabularySize)
    let capacities = (0..<shape.layers * shape.kvHeads).map { index in
      let (layer, head) = index.quotientAndRemainder(dividingBy: shape.kvHeads)
      let kept = compression.flatMap {
        reader.metadata.tiers.kept(ratio: $0, layer: layer, head: head)
      }
      return (kept ?? context.tokens) + room
    }
    return try KVCache(
      shape: shape, element: KVCache.Element(context.keyCodec), capacities: capacities)
  }

  /// The digests tie the file to the model; that it also says so itself is not taken on trust.
  private static func checkShape(
    _ reader: SnapshotReader, _ shape: KVCache.Shape, vocabularySize: Int
  ) throws {
    let context = reader.metadata.context
    let stored = KVCache.Shape(
      layers: context.layers, kvHeads: context.kvHeads, keyLength: context.keyLength,
      valueLength: context.valueLength)
    guard reader.metadata.tokens.allSatisfy({ $0 < vocabularySize }) else {
      throw MalformedFile(
        path: reader.path, section: "TOKN", problem: "a token id is not in the model's vocabulary")
    }
    guard stored == shape, context.keyCodec == context.valueCodec else {
      throw MalformedFile(
        path: reader.path, section: "CONT", problem: "its shape is not that of its own model")
    }
  }
}
