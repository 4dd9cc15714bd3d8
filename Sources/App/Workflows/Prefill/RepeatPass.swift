import ByteIO
import CacheFormat
package import Inference
import QFilters
import Tokenization

/// The repeat pass of KVzip (arXiv 2505.23416): the model is asked to repeat its context, and fed
/// the context as if it were the answer. What it attends to is what it needs to repeat it.
///
/// The pass runs in chunks over the finished cache. It holds one number for each pair, and takes
/// about as long as two prefills.
package struct RepeatPass {
  private let model: LoadedModel
  private let isChat: Bool

  /// Number of tokens before a part that the request for it quotes.
  private static let leading = 8

  /// Repeats contexts that are the beginning of a user's turn, if `isChat`, or plain text.
  package init(_ model: LoadedModel, isChat: Bool) { (self.model, self.isChat) = (model, isChat) }

  /// KVzip's scores of a context's pairs.
  ///
  /// - Throws: As `logarithms`.
  func scores(_ tokens: [Int], cache: KVCache) throws -> CacheScores {
    let logarithms = try logarithms(tokens, cache: cache) { _ in }
    return CacheScores(
      .kvzip, scores: concurrentMap(logarithms.count) { AttentionTarget.scores(logarithms[$0]) },
      kvHeads: cache.shape.kvHeads)
  }

  /// The logarithm of the greatest attention that repeating the context pays to each pair,
  /// [layers · kvHeads][pairs].
  ///
  /// - Parameters:
  ///   - tokens: The context.
  ///   - cache: All of the context's pairs as elements, with room for `Engine.chunk` more.
  ///   - progress: Receives how many tokens are done.
  /// - Throws: `PromptError`, `EngineError`.
  package func logarithms(
    _ tokens: [Int], cache: KVCache, progress: (Int) -> Void
  ) throws -> [[Float]] {
    let peaks = try AttentionPeaks(model.engine.architecture, pairs: tokens.count)
    for request in try requests(of: tokens) {
      try model.engine.lookBack(request, at: cache, peaks: peaks)
      progress(request.watched.upperBound)
    }
    return (0..<cache.shape.layers * cache.shape.kvHeads).map {
      peaks.logarithms(layer: $0 / cache.shape.kvHeads, head: $0 % cache.shape.kvHeads)
    }
  }

  /// Requests to repeat each part of a context, followed by the part. Begin-of-text is not
  /// repeated.
  private func requests(of context: [Int]) throws -> [FollowUp] {
    var requests: [FollowUp] = []
    var start = context.first == model.tokenizer.beginOfText ? 1 : 0
    while start < context.count {
      let lead = try lead(context, to: start)
      let end = min(context.count, start + Engine.chunk - lead.count)
      requests.append(FollowUp(tokens: lead + context[start..<end], watched: start..<end))
      start = end
    }
    return requests
  }

  private func lead(_ context: [Int], to start: Int) throws -> [Int] {
    let ending = isChat ? try model.chatTemplate().closing : "\n\n"
    guard start > Self.leading else {
      return model.encodeRequest("Repeat the previous context exactly.", ending: ending)
    }
    let last = context[start - Self.leading..<start]
    return model.encodeRequest(
      "Repeat the part of the previous context exactly, starting with `\(model.decode(last))`:",
      ending: ending) + last
  }
}
