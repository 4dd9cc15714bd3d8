import ByteIO
import CacheCodec
import CacheFormat
import Inference
import QFilters

extension Responder {
  /// Answers a prompt that begins as a snapshot does.
  func continued(
    _ match: Store.Match, _ request: Request, _ tokens: [Int], _ clock: Stopwatch,
    emit: (String) -> Void
  ) throws -> Answer {
    guard let store else { throw CancellationError() }
    let (mode, options) = (request.mode, config(request))
    let (chain, proof) = try Resume.open(
      store.path(of: match.entry.name), with: store.companions, model: model,
      compression: mode.compression)
    // The logits need one token.
    let start = min(match.tokens, tokens.count - 1)
    let plan = try CachePlan(
      chain, compression: mode.compression, isDecoded: mode == .whole)
    let cache = try Resume.emptyCache(
      chain, mode, plan, room: end(after: tokens, options) - start, model: model)
    cache.continue(at: start)
    let run = ResumeRun(
      model: model, mode: mode,
      layers: SnapshotLayers(chain, before: start, isAbandoned: request.isAbandoned),
      plan: plan,
      cache: cache, proof: proof, prompt: Array(tokens[start...]), options: options, evictor: nil,
      child: nil, export: nil, clock: clock)
    let (generation, held) = try run.answer(emit: emit)
    let saved = Result {
      let new = tokens[start...] + generation.ids
      try run.complete(Array(new))
      return try save(
        request, tokens + generation.ids, cache: cache, identity: chain.metadata.identity,
        mode: mode
      ) { path in
        let parent = try TurnParent(of: chain, before: start, mode, store.companions)
        let filters = source.bank.map { (bank: $0.0, path: $0.path) }
        let child = try ChildSnapshot(
          Resume.Save(path: path, filters: filters), of: parent.chain, mode: mode, model: model,
          proof: proof, secrets: store.keys.forNewFiles)
        let all = tokens + generation.ids
        _ = try child.write(cache, from: parent.end, tokens: Array(all[parent.end...]))
      }
    }
    return Answer(
      generation: generation, promptTokens: tokens.count, cachedTokens: start,
      firstTokenSeconds: held.firstTokenSeconds, saved: saved)
  }

  /// Answers a prompt that shares no beginning with a snapshot.
  func prefilled(
    _ request: Request, _ tokens: [Int], _ clock: Stopwatch, emit: (String) -> Void
  ) throws -> Answer {
    let options = config(request)
    let cache = try KVCache(
      shape: model.engine.cacheShape, dtype: KVCache.DType(precision.element),
      capacity: end(after: tokens, options))
    let logits = try model.engine.prefill(
      tokens, into: cache,
      ready: { _ in if request.isAbandoned() { throw CancellationError() } })
    let firstTokenSeconds = clock.seconds
    let generation = try GenerationResult.run(
      model, cache: cache, logits: logits, options: options, emit: emit)
    let saved = store.map { store in
      Result {
        let all = tokens + generation.ids
        if cache.nextPosition == all.count - 1, all.count <= model.contextLength,
          let last = all.last
        {
          _ = try model.engine.decode(last, into: cache)
        }
        return try save(
          request, all, cache: cache, identity: model.snapshotIdentity, mode: .whole
        ) { path in
          try write(
            cache, Array(all.prefix(cache.nextPosition)), form: form(request), to: path,
            in: store)
        }
      }
    }
    return Answer(
      generation: generation, promptTokens: tokens.count, cachedTokens: 0,
      firstTokenSeconds: firstTokenSeconds, saved: saved)
  }

  private func form(_ request: Request) -> ContextDescription.PromptForm {
    if case .chat = request.prompt { .openAnswer } else { .plain }
  }

  private func config(_ request: Request) -> GenerationConfig {
    var options = request.generation
    let (isInterrupted, isAbandoned) = (options.isInterrupted, request.isAbandoned)
    options.isInterrupted = { isInterrupted() || isAbandoned() }
    return options
  }

  /// The position after the longest answer.
  private func end(after tokens: [Int], _ options: GenerationConfig) -> Int {
    min(model.contextLength, tokens.count + options.maximumTokens)
  }

  /// Writes a snapshot without a parent.
  func write(
    _ cache: KVCache, _ tokens: [Int], form: ContextDescription.PromptForm, to path: String,
    in store: Store, progress: Progress = { _, _, _ in }
  ) throws {
    var options = NewSnapshot.Options()
    options.precision = precision
    options.retention = options.retention.resolved(for: source)
    options.secrets = store.keys.forNewFiles
    let snapshot = NewSnapshot(
      model: model, source: source, tokens: tokens, promptForm: form, options: options)
    _ = try snapshot.write(
      cache, hook: source.queryHook(model, options.retention), to: path, progress: progress)
  }

  /// Has a new snapshot written unless the store has it, and keeps the store within its limit.
  private func save(
    _ request: Request, _ tokens: [Int], cache: KVCache, identity: SnapshotIdentity,
    mode: ResumeMode, write: (_ path: String) throws -> Void
  ) throws -> StoreName {
    guard let store else { throw CancellationError() }
    func publish(_ name: StoreName) throws -> StoreName {
      try write(store.path(of: name))
      try store.keepWithinLimit(new: name)
      return name
    }
    if let conversation = request.conversation {
      // Two processes do not take one number.
      let lock = try FolderLock(waitingFor: store.path)
      defer { withExtendedLifetime(lock) {} }
      return try publish(
        StoreName(turn: try store.turns(of: conversation) + 1, of: conversation))
    }
    let name = StoreName(
      tokens: Array(tokens.prefix(cache.nextPosition)), identity: identity, mode: mode.name,
      element: "\(cache.dtype)")
    return Folder.isFile(store.path(of: name)) ? name : try publish(name)
  }
}
