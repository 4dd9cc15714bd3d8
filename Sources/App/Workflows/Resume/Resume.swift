import ByteIO
import CacheCodec
import CacheFormat
import Inference
import ModelFiles

/// Going on from a snapshot.
public enum Resume {
  /// Which pairs of a context to go on with.
  public enum Selection: Sendable, Equatable {
    /// All of them, bit for bit.
    case whole
    /// What ×N keeps: nothing else is read.
    case compressed(Int)
    /// As many as ×N keeps, chosen by the prompt itself among all that are stored, and by the ranking.
    ///
    /// `reach`: Pairs further away than so many positions are brought nearer; nil for a quarter of the model's context.
    case recalled(Int, reach: Int? = nil)
  }

  /// What came out, and what it took.
  public struct Result: Sendable {
    /// The new tokens.
    public let generation: GenerationResult
    /// Seconds from opening the snapshot until its last layer was in memory; the first layers' part of
    /// the prompt is computed meanwhile.
    public let loadSeconds: Double
    /// Seconds from opening the snapshot to the first new token.
    public let firstTokenSeconds: Double
    /// Pairs held when the first new token came, over all layers and heads.
    public let pairs: Int
    /// Bytes that their keys and values take, as they are held.
    public let cacheBytes: Int
    /// Bytes read from the snapshot, and from all that it goes on from.
    public let bytesRead: UInt64
    /// Tokens of the context that was saved.
    public let contextTokens: Int
    /// Whether the context is text without turns of a chat.
    public let isPlainText: Bool
    /// What was written of the turn, if that was asked for, or why it could not be: the answer is there
    /// all the same.
    public internal(set) var saved: Swift.Result<Saved, any Error>?
    /// The size of the file that the cache was exported to, if that was asked for, or why it could not be.
    public internal(set) var exported: Swift.Result<UInt64, any Error>?
  }

  /// Loads a snapshot, adds a prompt and generates.
  ///
  /// - Parameters:
  ///   - parents: Snapshots that it continues and that are elsewhere.
  ///   - selection: The pairs to go on with.
  ///   - text: The prompt in UTF-8; in a snapshot made with a chat template, the rest of the user's turn, or
  ///     behind an answer a turn of its own.
  ///   - save: Where to write what the prompt and its answer add; not with an eviction.
  ///   - export: Where to write what the cache holds behind the answer, as safetensors.
  /// - Throws: `IdentityMismatch` if a snapshot is another model's, `CompressionNotStored`, `ParentMissing`,
  ///   `MalformedFile`, `SystemError`, `PromptError`, `SaveRefusal`.
  public static func run(
    _ model: LoadedModel, snapshot: String, parents: [String] = [], text: [UInt8],
    selection: Selection, options: GenerationConfig, save: Save? = nil, export: String? = nil,
    emit: (String) -> Void
  ) throws -> Result {
    precondition(save == nil || options.eviction == nil, "what is let go cannot be saved")
    guard !text.isEmpty else { throw PromptError.empty(source: "the prompt") }
    let identity = model.identity
    let clock = Stopwatch()
    let chain = try SnapshotChain(path: snapshot, parents: parents)
    let metadata = chain.metadata
    try metadata.identity.check(against: identity, path: snapshot)
    try checkShape(
      chain, model.engine.cacheShape, vocabularySize: model.engine.architecture.vocabularySize)
    try chain.checkStored(compression: selection.compression)
    let child = try save.map {
      try ChildSnapshot($0, of: chain, selection: selection, model: model)
    }
    if let export { try AtomicFile.checkWritable(export) }
    let continuation = try Prompt.continuation(
      text, after: metadata.tokens.map(Int.init),
      form: metadata.context.promptForm, model: model)
    // Of some texts a vocabulary has no token.
    guard !continuation.tokens.isEmpty else { throw PromptError.empty(source: "the prompt") }
    let start = metadata.context.tokens - continuation.dropped
    let total = start + continuation.tokens.count
    if options.eviction == nil, total >= model.contextLength {
      throw PromptError.contextFull(
        tokens: start, prompt: continuation.tokens.count, context: model.contextLength)
    }
    try options.eviction?.check(model)
    let room =
      options.eviction.map { $0.room + continuation.tokens.count }
      ?? min(model.contextLength, total + options.maximumTokens) - start
    let plan = try CachePlan(
      chain, compression: selection.compression,
      isDecoded: selection == .whole || options.eviction != nil)
    let cache = try emptyCache(chain, selection, plan, room: room, model: model)
    cache.continue(at: start)
    let resumption = ResumeRun(
      model: model, layers: SnapshotLayers(chain, before: start), plan: plan, cache: cache,
      prompt: continuation.tokens, options: options, clock: clock)
    var result = try resumption.run(selection, emit: emit)
    let tokens = continuation.tokens + result.generation.ids
    result.saved = child.map { child in
      Swift.Result {
        try complete(cache, from: start, tokens, model, options.eviction)
        return try child.write(cache, from: start, tokens: tokens)
      }
    }
    result.exported = export.map { path in
      Swift.Result {
        try complete(cache, from: start, tokens, model, options.eviction)
        let ids = metadata.tokens.prefix(start) + tokens.map(UInt32.init)
        return try cache.export(
          tokens: Array(ids.prefix(cache.nextPosition)), context: metadata.context, to: path)
      }
    }
    return result
  }

  /// Computes the last token's pair, which nothing needed so far, if the model's context has room for it.
  private static func complete(
    _ cache: KVCache, from start: Int, _ tokens: [Int], _ model: LoadedModel, _ eviction: Eviction?
  ) throws {
    let hasRoom = eviction != nil || cache.nextPosition < model.contextLength
    guard let last = tokens.last, cache.nextPosition == start + tokens.count - 1, hasRoom else {
      return
    }
    _ = try model.engine.decode(last, into: cache)
    eviction?.apply(to: cache)
  }

  /// A cache with room for what is kept and for more tokens.
  private static func emptyCache(
    _ chain: SnapshotChain, _ selection: Selection, _ plan: CachePlan, room: Int,
    model: LoadedModel
  ) throws -> KVCache {
    let context = chain.metadata.context
    let shape = model.engine.cacheShape
    guard case .recalled = selection else { return try plan.emptyCache(shape: shape, room: room) }
    // Recall takes the whole of one layer into memory, but of one layer only.
    return try KVCache(
      shape: shape, dtype: KVCache.DType(context.keyCodec), capacity: context.tokens + room)
  }

  /// The digests tie the file to the model; that it also says so itself is not taken on trust.
  private static func checkShape(
    _ chain: SnapshotChain, _ shape: KVCache.Shape, vocabularySize: Int
  ) throws {
    let context = chain.metadata.context
    let stored = KVCache.Shape(
      layers: context.layers, kvHeads: context.kvHeads, keyLength: context.keyLength,
      valueLength: context.valueLength)
    guard chain.metadata.tokens.allSatisfy({ $0 < vocabularySize }) else {
      throw MalformedFile(
        path: chain.path, section: "TOKN", problem: "a token id is not in the model's vocabulary")
    }
    func refusal(_ problem: String) -> MalformedFile {
      MalformedFile(path: chain.path, section: "CONT", problem: problem)
    }
    guard stored == shape else { throw refusal("its shape is not that of its own model") }
    guard context.keyCodec == context.valueCodec else {
      throw refusal(
        "keys in \(context.keyCodec.name) and values in \(context.valueCodec.name), where resuming takes "
          + "both in one type; prefill the text again")
    }
  }
}

extension Resume.Selection {
  /// The compression, or nil for the whole cache.
  var compression: Int? {
    switch self {
    case .whole: nil
    case .compressed(let compression), .recalled(let compression, _): compression
    }
  }

  /// As provenance has it.
  var name: String {
    switch self {
    case .whole: "the whole cache"
    case .compressed(let compression): "×\(compression)"
    case .recalled(let compression, let reach):
      "recall ×\(compression)" + (reach.map { ", reach \($0)" } ?? "")
    }
  }
}
