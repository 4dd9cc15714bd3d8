package import CacheCodec
package import CacheFormat
import Inference
import Tokenization

/// Asks a snapshot several questions: the model and the context are loaded once.
package enum Ask {
  /// What came out.
  package struct Result: Sendable {
    /// The answers, in the order of the questions.
    package let answers: [GenerationResult]
    /// What proved that the snapshot is the model's.
    package let proof: SnapshotIdentity.Proof
    /// Whether somebody vouched for the model of some pairs of the snapshot.
    package let isTrusted: Bool
    /// Whether the context is text without turns of a chat.
    package let isPlainText: Bool
  }

  /// Answers each question as `Resume.run` would, without what the others added.
  ///
  /// - Parameters:
  ///   - companions: Files in other folders that the snapshot needs.
  ///   - questions: In UTF-8, none empty.
  ///   - mode: The pairs to continue with. By recall, each question reads them again.
  ///   - options: Without an eviction.
  ///   - trusts: Whether to continue where nothing proves that the snapshot is the model's.
  ///   - emit: Receives the number of a question, from 0, and its answer's text as it comes.
  /// - Throws: As `Resume.run`.
  package static func run(
    _ model: LoadedModel, snapshot: String, with companions: Companions = Companions(),
    questions: [[UInt8]], mode: ResumeMode, options: GenerationConfig, trusts: Bool = false,
    emit: (_ question: Int, _ text: String) -> Void
  ) throws -> Result {
    // Before anything else: it may read all weights.
    _ = model.fileIdentity
    let (chain, proof) = try Resume.open(
      snapshot, with: companions, model: model, compression: mode.compression, trusts: trusts)
    let prompts = try questions.map { try Resume.prompt($0, after: chain, options, model) }
    try chain.prefetch(compression: mode.readCompression)
    var context = LoadedContext(chain, mode, proof, prompts: prompts, options, model)
    var answers: [GenerationResult] = []
    for (index, prompt) in prompts.enumerated() where !options.isInterrupted() {
      answers.append(try context.answer(prompt, options) { emit(index, $0) })
    }
    return Result(
      answers: answers, proof: proof, isTrusted: chain.metadata.identity.isTrusted,
      isPlainText: chain.metadata.context.promptForm == .plain)
  }
}

/// What a snapshot holds, in memory from one question to the next.
private struct LoadedContext {
  private let chain: SnapshotChain
  private let mode: ResumeMode
  private let proof: SnapshotIdentity.Proof
  private let model: LoadedModel
  /// How many more pairs of a head the longest question and its answer need.
  private let room: Int
  /// The pairs of the positions before `end`, and nothing after an answer.
  private var held: (cache: KVCache, end: Int)?

  init(
    _ chain: SnapshotChain, _ mode: ResumeMode, _ proof: SnapshotIdentity.Proof,
    prompts: [BoundaryRetokenization], _ options: GenerationConfig, _ model: LoadedModel
  ) {
    (self.chain, self.mode, self.proof, self.model) = (chain, mode, proof, model)
    let tokens = chain.metadata.context.tokens
    room =
      prompts.map { Resume.room(for: $0, after: tokens - $0.dropped, options, model) }.max() ?? 0
  }

  mutating func answer(
    _ prompt: BoundaryRetokenization, _ options: GenerationConfig, emit: (String) -> Void
  ) throws -> GenerationResult {
    let end = chain.metadata.context.tokens - prompt.dropped
    if case .recalled(let compression, _) = mode {
      return try recall(prompt.tokens, end, compression, options, emit: emit)
    }
    let cache = try loaded(before: end)
    let logits = try model.engine.prefill(prompt.tokens, into: cache)
    let result = try GenerationResult.run(
      model, cache: cache, logits: logits, options: options,
      afterFirst: { _ in
        model.copyWeightsWhenIdle()
        return nil
      }, emit: emit)
    cache.removeLast(cache.nextPosition - end)
    return result
  }

  /// The cache of the positions before `end`. It is read again only where a question begins at
  /// another position, because its first characters and the text's last ones are one token.
  private mutating func loaded(before end: Int) throws -> KVCache {
    if let held, held.end == end { return held.cache }
    held = nil
    let plan = try CachePlan(chain, compression: mode.compression, isDecoded: mode == .whole)
    let cache = try Resume.emptyCache(chain, mode, plan, room: room, model: model)
    cache.continue(at: end)
    let loader = CacheLoader(chain, plan: plan, before: end, into: cache)
    for layer in 0..<cache.shape.layers { try loader.wait(for: layer) }
    held = (cache, end)
    return cache
  }

  private func recall(
    _ prompt: [Int], _ end: Int, _ compression: Int, _ options: GenerationConfig,
    emit: (String) -> Void
  ) throws -> GenerationResult {
    let plan = try CachePlan(chain, compression: compression, isDecoded: false)
    let cache = try Resume.emptyCache(chain, mode, plan, room: room, model: model)
    cache.continue(at: end)
    return try ResumeRun(
      model: model, mode: mode, layers: SnapshotLayers(chain, before: end), plan: plan,
      cache: cache, proof: proof, prompt: prompt, options: options, evictor: nil, child: nil,
      export: nil, clock: Stopwatch()
    ).run(emit: emit).generation
  }
}
