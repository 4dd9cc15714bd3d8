import ByteIO
import CacheCodec
import CacheFormat
import Inference
import ModelFiles
package import QFilters
import Transforms

/// A document's KV cache, computed, ranked and written as a snapshot.
package enum Prefill {
  /// What was written, and how long it took.
  package struct Result: Sendable {
    /// Tokens of the context.
    package let tokens: Int
    /// Seconds for the forward pass.
    package let prefillSeconds: Double
    /// The cache's size in memory, in bytes.
    package let cacheBytes: Int
    /// The snapshot.
    package let written: NewSnapshot.Written
  }

  /// Prefills a document and writes its snapshot.
  ///
  /// - Parameters:
  ///   - text: UTF-8.
  ///   - usesChat: Whether the document begins a user's turn that the next prompt completes.
  ///   - scorer: What ranks the pairs.
  /// - Throws: `IdentityMismatch` if the filters are another model's, `PromptError`,
  ///   `NotQuantisable`, `SystemError`.
  package static func run(
    _ model: LoadedModel, scorer source: ScorerSource, text: [UInt8], usesChat: Bool = false,
    options: NewSnapshot.Options, out: String, progress: Progress
  ) throws -> Result {
    var options = options
    options.retention = options.retention.resolved(for: source)
    let shape = model.engine.cacheShape
    try source.check(model)
    try options.transform?.check(model.identity)
    guard !text.isEmpty else { throw PromptError.empty(source: "the prompt") }
    let tokens = try Prompt.opening(text, usesChat: usesChat, model: model)
    try Prompt.checkLength(tokens.count, model)
    // Before the long work, so that a folder that cannot be written fails at once.
    try AtomicFile.checkWritable(out)

    let clock = Stopwatch()
    let cache = try KVCache(
      shape: shape, dtype: KVCache.DType(options.precision.element),
      capacity: tokens.count + source.room)
    let hook = try source.queryHook(
      model, options.retention, tokens: tokens, isChat: usesChat)
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

    let snapshot = NewSnapshot(
      model: model, source: source, tokens: tokens,
      promptForm: usesChat ? .openUserTurn : .plain, options: options)
    let written = try snapshot.write(
      cache, hook: hook, recent: recent, to: out, progress: progress)
    return Result(
      tokens: tokens.count, prefillSeconds: prefillSeconds, cacheBytes: cache.bytes,
      written: written)
  }
}
