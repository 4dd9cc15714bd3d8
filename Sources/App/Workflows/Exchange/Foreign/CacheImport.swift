import ByteIO
package import CacheCodec
import CacheFormat
import Inference
import ModelFiles
package import QFilters

/// A KV cache that another engine computed, ranked and written as a snapshot.
///
/// From the loaded cache on, this is what `Prefill` does.
package enum CacheImport {
  /// What was read and written.
  package struct Result: Sendable {
    /// The kind of file that was read.
    package let format: ForeignFormat
    /// Tokens of the context.
    package let tokens: Int
    /// Seconds for reading.
    package let loadSeconds: Double
    /// The greatest difference from what the model computes, as a share of a vector's length.
    package let difference: Float
    /// The cache's size in memory, in bytes.
    package let cacheBytes: Int
    /// The snapshot.
    package let written: NewSnapshot.Written
  }

  /// Reads a file and writes its snapshot.
  ///
  /// - Parameters:
  ///   - given: The tokens, for a file that does not say them.
  ///   - source: What ranks the pairs. Methods that look at queries cannot: no file holds those.
  ///   - options: What to write. Without a precision, elements stay as they are.
  /// - Throws: `QueriesNotStored`; `ForeignCacheError`; `IdentityMismatch`; `MalformedFile`,
  ///   `SystemError`, `PromptError`, `NotQuantisable`, `EngineError`.
  package static func run(
    _ path: String, _ model: LoadedModel, tokens given: SuppliedTokens? = nil,
    scorer source: ScorerSource, precision: Precision? = nil, options: NewSnapshot.Options,
    out: String, progress: Progress
  ) throws -> Result {
    try check(source)
    try source.check(model)
    let foreign = try ForeignCache(path: path, of: model.engine.architecture)
    try foreign.identity?.check(against: model.identity, path: path)
    let tokens = try tokens(of: foreign, given, model)
    try AtomicFile.checkWritable(out)
    var options = options
    options.retention = options.retention.resolved(for: source)
    options.precision = precision ?? Precision(ElementCodec(foreign.element))

    let clock = Stopwatch()
    let cache = try KVCache(
      shape: model.engine.cacheShape, dtype: KVCache.DType(options.precision.element),
      capacity: tokens.count + source.room)
    try foreign.load(into: cache, progress: progress)
    let loadSeconds = clock.seconds
    progress("check", 0, 1)
    let difference = try ImportCheck.greatestDifference(of: cache, tokens: tokens, model.engine)
    // Not a number is too much.
    guard difference.share <= ImportCheck.tolerance else {
      throw ForeignCacheError(path: path, problem: .otherNumbers(difference))
    }
    let snapshot = NewSnapshot(
      model: model, source: source, tokens: tokens, promptForm: foreign.promptForm,
      options: options, importedFrom: foreign.format.rawValue)
    let hook = try source.queryHook(
      model, options.retention, tokens: tokens, isChat: foreign.promptForm.isConversation)
    return Result(
      format: foreign.format, tokens: tokens.count, loadSeconds: loadSeconds,
      difference: difference.share, cacheBytes: cache.bytes,
      written: try snapshot.write(cache, hook: hook, to: out, progress: progress))
  }

  /// Rejects what ranks by queries.
  private static func check(_ source: ScorerSource) throws(QueriesNotStored) {
    switch source {
    case .snapKV, .expectedAttention:
      throw QueriesNotStored(method: source.origin.scorer.name)
    case .qFilters, .linear, .keys, .kvzip: return
    }
  }

  private static func tokens(
    of foreign: ForeignCache, _ given: SuppliedTokens?, _ model: LoadedModel
  ) throws -> [Int] {
    func error(_ problem: ForeignCacheError.Problem) -> ForeignCacheError {
      ForeignCacheError(path: foreign.file.path, problem: problem)
    }
    guard foreign.tokens == nil || given == nil else { throw error(.tokensKnown) }
    guard let ids = try foreign.tokens ?? given?.ids(of: model) else { throw error(.tokensNeeded) }
    // A session of llama.cpp may list a last token that it has not computed yet.
    let mayBeMore = foreign.tokens != nil && foreign.format != .mlx && foreign.format != .tensors
    guard ids.count == foreign.length || mayBeMore && ids.count > foreign.length else {
      throw error(.otherCount(ids: ids.count, tokens: foreign.length))
    }
    let size = model.engine.architecture.vocabularySize
    if let token = ids.first(where: { $0 >= size }) {
      throw error(.otherVocabulary(token: Int(token), size: size))
    }
    try Prompt.checkLength(foreign.length, model)
    let architecture = model.engine.architecture
    let longest = [architecture.rope, architecture.localRope].compactMap { $0?.longestAlike }.min()
    if let longest, foreign.length > longest {
      throw error(.beyondRoPE(tokens: foreign.length, longest: longest))
    }
    return ids.prefix(foreign.length).map(Int.init)
  }
}

extension ForeignCache {
  /// Fills an empty cache.
  ///
  /// - Throws: `MalformedFile` if a number is not finite; `EngineError.beyondRange` if the cache's
  ///   elements cannot hold one.
  fileprivate func load(into cache: KVCache, progress: Progress) throws {
    let positions = (0..<UInt32(length)).map(\.self)
    for (layer, rows) in layers.enumerated() {
      for head in 0..<cache.shape.kvHeads {
        let section = "layer \(layer), head \(head)"
        try cache.restore(
          layer: layer, head: head, positions: positions,
          keys: rows.keys.floats(
            head: head, count: length, in: file, section: section + ", keys"),
          values: rows.values.floats(
            head: head, count: length, in: file, section: section + ", values"))
      }
      progress("read", layer + 1, layers.count)
    }
    cache.continue(at: length)
  }
}
