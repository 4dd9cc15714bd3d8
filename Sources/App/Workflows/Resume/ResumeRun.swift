import CacheCodec
import CacheFormat
import Inference
import Tokenization

/// A snapshot that is being resumed, once everything is checked and planned.
struct ResumeRun {
  let model: LoadedModel
  let mode: ResumeMode
  let layers: SnapshotLayers
  let plan: CachePlan
  /// Empty, and made by the plan, or for recall.
  let cache: KVCache
  let proof: SnapshotIdentity.Proof
  let prompt: [Int]
  let options: GenerationConfig
  /// Drops pairs of the cache, if that was asked for.
  let evictor: (any Evictor)?
  /// Where the turn is to be saved, if that was asked for.
  let child: ChildSnapshot?
  /// Where the cache is to be exported to, if that was asked for.
  let export: String?
  let clock: Stopwatch

  /// What the cache took at the first new token.
  struct Held {
    let loadSeconds, firstTokenSeconds: Double
    let pairs, bytes: Int
  }

  /// Loads the pairs, prefills the prompt, generates, and writes what was asked for.
  func run(emit: (String) -> Void) throws -> Resume.Result {
    let (generation, held) = try answer(emit: emit)
    let chain = layers.chain
    let context = chain.metadata.context
    let bytesRead = chain.bytesRead
    let tokens = prompt + generation.ids
    return Resume.Result(
      generation: generation, loadSeconds: held.loadSeconds,
      firstTokenSeconds: held.firstTokenSeconds, pairs: held.pairs, cacheBytes: held.bytes,
      bytesRead: bytesRead, contextTokens: context.tokens,
      proof: proof, isTrusted: chain.metadata.identity.isTrusted,
      isPlainText: context.promptForm == .plain,
      saved: child.map { child in
        Result {
          try complete(tokens)
          return try child.write(cache, from: layers.end, tokens: tokens)
        }
      },
      exported: export.map { path in
        Result {
          try complete(tokens)
          let ids = chain.metadata.tokens.prefix(layers.end) + tokens.map(UInt32.init)
          var held = context.held
          held.promptForm = held.promptForm.next
          return try cache.export(
            tokens: Array(ids.prefix(cache.nextPosition)), context: held,
            identity: chain.metadata.identity.values, to: path)
        }
      })
  }

  /// Loads the pairs, prefills the prompt and generates.
  func answer(emit: (String) -> Void) throws -> (GenerationResult, Held) {
    guard case .recalled(let compression, let reach) = mode else {
      let (logits, loadSeconds) = try prefill()
      return try generate(after: logits, loadSeconds, emit: emit) { _ in nil }
    }
    let recall = try Recall(
      layers, compression: compression, reach: reach, engine: model.engine, into: cache)
    let logits = try recall.prefill(prompt)
    return try generate(after: logits, recall.loadSeconds, emit: emit) { first in
      try recall.lookAhead(
        prompt, first: first, limit: options.maximumTokens, keepsDraft: options.isGreedy,
        isEnd: model.tokenizer.isEndOfGeneration)
    }
  }

  /// Computes the prompt on the loaded pairs.
  ///
  /// - Returns: The prompt's logits, and seconds until the last layer was in memory.
  private func prefill() throws -> (logits: [Float], loadSeconds: Double) {
    let loader = CacheLoader(layers.chain, plan: plan, before: layers.end, into: cache)
    var loadSeconds = 0.0
    let logits = try model.engine.prefill(
      prompt, into: cache,
      ready: { layer in
        try layers.checkIsAwaited()
        try loader.wait(for: layer)
        // A long prompt comes in several chunks; the first of them loads the last layer.
        if layer == cache.shape.layers - 1, loadSeconds == 0 { loadSeconds = clock.seconds }
      })
    return (logits, loadSeconds)
  }

  /// Generates; `choose` may choose other pairs after the first token, and give more of them.
  private func generate(
    after logits: [Float], _ loadSeconds: Double, emit: (String) -> Void,
    choose: (_ first: Int) throws -> GivenTokens?
  ) throws -> (GenerationResult, Held) {
    evictor?.apply()
    let held = Held(
      loadSeconds: loadSeconds, firstTokenSeconds: clock.seconds, pairs: cache.pairs,
      bytes: cache.bytes)
    let generation = try GenerationResult.run(
      model, cache: cache, logits: logits, options: options, evictor: evictor,
      afterFirst: { first in
        let given = try choose(first)
        model.copyWeightsWhenIdle()
        evictor?.apply()
        return given
      }, emit: emit)
    return (generation, held)
  }

  /// Computes the last token's pair, which generation leaves out, if the model's context has room
  /// for it.
  func complete(_ tokens: [Int]) throws {
    let hasRoom = options.eviction != nil || cache.nextPosition < model.contextLength
    guard let last = tokens.last, cache.nextPosition == layers.end + tokens.count - 1, hasRoom
    else { return }
    _ = try model.engine.decode(last, into: cache)
    evictor?.apply()
  }
}
