import ByteIO
package import CacheCodec
package import CacheFormat
import Inference
import ModelFiles

/// Continues a snapshot: `run` checks and plans, `ResumeRun` loads, prefills and generates.
package enum Resume {
  /// What came out, and what it took.
  package struct Result: Sendable {
    /// The new tokens.
    package let generation: GenerationResult
    /// Seconds from opening the snapshot until its last layer was in memory. The first layers' part
    /// of the prompt is computed meanwhile.
    package let loadSeconds: Double
    /// Seconds from opening the snapshot to the first new token.
    package let firstTokenSeconds: Double
    /// Pairs held at the first new token, over all layers and heads.
    package let pairs: Int
    /// Bytes that their keys and values take, as they are held.
    package let cacheBytes: Int
    /// Bytes read from the snapshot and its parents.
    package let bytesRead: UInt64
    /// Tokens of the context that was saved.
    package let contextTokens: Int
    /// What proved that the snapshot is the model's.
    package let proof: SnapshotIdentity.Proof
    /// Whether somebody vouched for the model of some pairs of the snapshot.
    package let isTrusted: Bool
    /// Whether the context is text without turns of a chat.
    package let isPlainText: Bool
    /// What was written of the turn, if that was asked for. An error leaves the answer as it is.
    package let saved: Swift.Result<Saved, any Error>?
    /// The size of the file that the cache was exported to, if that was asked for. An error leaves
    /// the answer as it is.
    package let exported: Swift.Result<UInt64, any Error>?
  }

  /// Loads a snapshot, adds a prompt and generates.
  ///
  /// - Parameters:
  ///   - companions: Files in other folders that it needs.
  ///   - mode: The pairs to continue with.
  ///   - text: The prompt in UTF-8. In a snapshot made with a chat template it is the rest of the
  ///     user's turn, or after an answer a turn of its own.
  ///   - trusts: Whether to continue where nothing proves that the snapshot is the model's.
  ///   - save: Where to write what the prompt and its answer add; not with an eviction.
  ///   - export: Where to write what the cache holds after the answer, as safetensors.
  /// - Throws: `IdentityMismatch` if a snapshot is another model's, `CompressionNotStored`,
  ///   `ParentMissing`, `TransformMissing`, `MalformedFile`, `SystemError`, `PromptError`,
  ///   `SaveRefusal`.
  package static func run(
    _ model: LoadedModel, snapshot: String, with companions: Companions = Companions(),
    text: [UInt8], mode: ResumeMode, options: GenerationConfig, trusts: Bool = false,
    save: Save? = nil,
    export: String? = nil,
    emit: (String) -> Void
  ) throws -> Result {
    if let save, options.eviction != nil { throw SaveRefusal.evicted(path: save.path) }
    guard !text.isEmpty else { throw PromptError.empty(source: "the prompt") }
    // Before the clock starts: it may read all weights.
    _ = model.fileIdentity
    let clock = Stopwatch()
    let (chain, proof) = try open(
      snapshot, with: companions, model: model, compression: mode.compression, trusts: trusts)
    let child = try save.map {
      try ChildSnapshot(
        $0, of: chain, mode: mode, model: model, proof: proof,
        secrets: companions.keys.forNewFiles)
    }
    if let export { try AtomicFile.checkWritable(export) }
    let prompt = try prompt(text, after: chain, options, model)
    try options.eviction?.check(model)
    try chain.prefetch(compression: mode.readCompression)
    let plan = try CachePlan(
      chain, compression: mode.compression,
      isDecoded: mode == .whole || options.eviction != nil)
    let start = chain.metadata.context.tokens - prompt.dropped
    let cache = try emptyCache(
      chain, mode, plan, room: room(for: prompt, after: start, options, model), model: model)
    cache.continue(at: start)
    return try ResumeRun(
      model: model, mode: mode, layers: SnapshotLayers(chain, before: start), plan: plan,
      cache: cache, proof: proof, prompt: prompt.tokens, options: options,
      evictor: options.eviction?.evictor(of: cache, engine: model.engine), child: child,
      export: export, clock: clock
    ).run(emit: emit)
  }

  /// Opens a snapshot of the model that holds a compression, with all that it needs.
  static func open(
    _ snapshot: String, with companions: Companions, model: LoadedModel, compression: Int?,
    trusts: Bool = false
  ) throws -> (SnapshotChain, SnapshotIdentity.Proof) {
    let chain = try SnapshotChain(path: snapshot, with: companions)
    let proof = try model.proof(of: chain.metadata.identity, path: snapshot, trusts: trusts)
    try checkShape(
      chain, model.engine.cacheShape, vocabularySize: model.engine.architecture.vocabularySize)
    try chain.checkStored(compression: compression)
    try chain.checkDecodable(compression: compression)
    return (chain, proof)
  }

  /// The prompt's tokens, which fit the model's context.
  static func prompt(
    _ text: [UInt8], after chain: SnapshotChain, _ options: GenerationConfig, _ model: LoadedModel
  ) throws -> BoundaryRetokenization {
    let metadata = chain.metadata
    let prompt = try Prompt.continuation(
      text, after: metadata.tokens.map(Int.init), form: metadata.context.promptForm, model: model)
    // A vocabulary has no token for some texts.
    guard !prompt.tokens.isEmpty else { throw PromptError.empty(source: "the prompt") }
    let start = metadata.context.tokens - prompt.dropped
    if options.eviction == nil, start + prompt.tokens.count >= model.contextLength {
      throw PromptError.contextFull(
        tokens: start, prompt: prompt.tokens.count, context: model.contextLength)
    }
    return prompt
  }

  /// How many pairs of a head the prompt and its answer need.
  static func room(
    for prompt: BoundaryRetokenization, after start: Int, _ options: GenerationConfig,
    _ model: LoadedModel
  ) -> Int {
    if let eviction = options.eviction {
      return eviction.room(tokens: Engine.chunk + prompt.tokens.count)
    }
    let end = start + prompt.tokens.count + options.maximumTokens
    return min(model.contextLength, end) - start
  }

  /// A cache with room for what is kept and for `room` more pairs a head.
  static func emptyCache(
    _ chain: SnapshotChain, _ mode: ResumeMode, _ plan: CachePlan, room: Int, model: LoadedModel
  ) throws -> KVCache {
    let context = chain.metadata.context
    let shape = model.engine.cacheShape
    guard case .recalled = mode else { return try plan.emptyCache(shape: shape, room: room) }
    // Recall holds one layer whole at a time.
    return try KVCache(
      shape: shape, dtype: KVCache.DType(context.held.keyCodec), capacity: context.tokens + room)
  }

  /// Checks that the snapshot fits its own model: the digests only tie it to the model.
  private static func checkShape(
    _ chain: SnapshotChain, _ shape: KVCache.Shape, vocabularySize: Int
  ) throws {
    let context = chain.metadata.context
    guard chain.metadata.tokens.allSatisfy({ $0 < vocabularySize }) else {
      throw MalformedFile(
        path: chain.path, section: "TOKN", problem: "a token id is not in the model's vocabulary")
    }
    func malformed(_ problem: String) -> MalformedFile {
      MalformedFile(path: chain.path, section: "CONT", problem: problem)
    }
    guard KVCache.Shape(context) == shape, context.shapes == nil else {
      throw malformed("its shape is not that of the model")
    }
    guard context.keyLayout == .halfSplit else {
      throw PrivateMeaning(path: chain.path, what: "the layout of its keys")
    }
    if case .privateUse = context.promptForm {
      throw PrivateMeaning(path: chain.path, what: "how a prompt continues it")
    }
    guard context.held.keyCodec == context.held.valueCodec else {
      throw malformed(
        "keys in \(context.keyCodec.name) and values in \(context.valueCodec.name), where resuming "
          + "takes both in one type; prefill the text again")
    }
  }
}
