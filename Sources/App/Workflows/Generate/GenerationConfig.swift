package import Inference

/// How long an answer may be, and how its tokens are chosen.
package struct GenerationConfig: Sendable {
  /// The maximum number of new tokens.
  var maximumTokens: Int
  /// How each token is chosen.
  var sampling: Sampler.Options
  /// Texts before which an answer ends.
  var stopStrings: [String]
  /// What drops pairs while generating; nil keeps all of them.
  package var eviction: Eviction?
  /// Called after each token: whether the answer is to end there.
  package var isInterrupted: @Sendable () -> Bool = { false }

  /// Stops after `maximumTokens` at the latest.
  package init(
    maximumTokens: Int, sampling: Sampler.Options, stopStrings: [String] = [],
    eviction: Eviction? = nil
  ) {
    self.maximumTokens = maximumTokens
    self.sampling = sampling
    self.stopStrings = stopStrings
    self.eviction = eviction
  }
}

extension GenerationConfig {
  /// Whether each token is the likeliest one.
  package var isGreedy: Bool { sampling.isGreedy }

  /// Why an answer of `count` tokens ends here; nil if it continues.
  func stop(
    after count: Int, _ cache: KVCache, _ model: LoadedModel
  ) -> GenerationResult.Stop? {
    if count == maximumTokens { return .length }
    // Without a budget the context ends where the model's does.
    if eviction == nil && cache.nextPosition >= model.contextLength { return .context }
    return isInterrupted() ? .interrupted : nil
  }
}
