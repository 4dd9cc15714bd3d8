import CacheCodec
import CacheFormat
import Inference
import Tokenization

/// A context that is being resumed: what a prompt and its answer need, once everything is checked.
struct ResumeRun {
  let model: LoadedModel
  let layers: SnapshotLayers
  let plan: CachePlan
  /// Empty, and made by the plan, or for recall.
  let cache: KVCache
  let prompt: [Int]
  let options: GenerationConfig
  let clock: Stopwatch

  /// Loads what is selected, adds the prompt and generates.
  func run(_ selection: Resume.Selection, emit: (String) -> Void) throws -> Resume.Result {
    guard case .recalled(let compression, let reach) = selection else {
      let (logits, loadSeconds) = try prefill()
      return try generate(after: logits, loadSeconds, emit: emit) {}
    }
    let recall = try Recall(
      layers, compression: compression, reach: reach, engine: model.engine, into: cache)
    let logits = try recall.prefill(prompt)
    return try generate(after: logits, recall.loadSeconds, emit: emit) {
      try recall.lookAhead(
        prompt, logits: logits, limit: options.maximumTokens,
        isEnd: model.tokenizer.isEndOfGeneration)
    }
  }

  /// Computes the prompt on the selected pairs, and says when the last layer was in memory.
  private func prefill() throws -> (logits: [Float], loadSeconds: Double) {
    let loader = CacheLoader(layers.chain, plan: plan, before: layers.end, into: cache)
    var loadSeconds = 0.0
    let logits = try model.engine.prefill(
      prompt, into: cache,
      ready: { layer in
        try loader.wait(for: layer)
        // A long prompt comes by in several chunks; the first of them finds the last layer loaded.
        if layer == cache.shape.layers - 1, loadSeconds == 0 { loadSeconds = clock.seconds }
      })
    return (logits, loadSeconds)
  }

  /// Generates; `choose` may choose other pairs once the first token is there.
  private func generate(
    after logits: [Float], _ loadSeconds: Double, emit: (String) -> Void, choose: () throws -> Void
  ) throws -> Resume.Result {
    options.eviction?.apply(to: cache)
    let firstTokenSeconds = clock.seconds
    let (pairs, bytes) = (cache.pairs, cache.bytes)
    let generation = try GenerationResult.run(
      model, cache: cache, logits: logits, options: options,
      afterFirst: {
        try choose()
        model.copyWeightsWhenIdle()
        options.eviction?.apply(to: cache)
      }, emit: emit)
    let context = layers.chain.metadata.context
    return Resume.Result(
      generation: generation, loadSeconds: loadSeconds, firstTokenSeconds: firstTokenSeconds,
      pairs: pairs, cacheBytes: bytes, bytesRead: layers.chain.bytesRead,
      contextTokens: context.tokens, isPlainText: context.promptForm == .plain)
  }
}
