import Inference
package import QFilters
package import Workflows

/// Language modelling over a text: the whole cache with one forward pass, other methods token by
/// token under a budget.
///
/// All tokens of a sequence but the first are scored.
package struct Perplexity: EvaluationTask {
  package let model: LoadedModel
  package let filters: (bank: FilterBank, path: String)?
  private let text: Text
  private let methods: [Method]
  private let budget: Budget?

  /// Scores a text with each method.
  ///
  /// - Parameters:
  ///   - budget: Nil if the whole cache is the only method.
  ///   - filters: Nil if no method needs filters.
  package init(
    _ model: LoadedModel, _ text: Text, methods: [Method], budget: Budget?,
    filters: (bank: FilterBank, path: String)?
  ) {
    (self.model, self.text, self.methods) = (model, text, methods)
    (self.budget, self.filters) = (budget, filters)
  }

  /// How many pairs a head may hold.
  package struct Budget: Sendable {
    /// The maximum number of pairs, on average over the heads.
    package let pairs: Int
    /// How many last pairs always stay.
    package let window: Int

    /// Whether every head has the same budget, even if filters tell which ones need more.
    package let isEqual: Bool

    /// A budget of `pairs`, the last `window` among them.
    package init(pairs: Int, window: Int, isEqual: Bool) {
      (self.pairs, self.window, self.isEqual) = (pairs, window, isEqual)
    }
  }

  package let fileName = "perplexity"
  package let activity = "score"
  package var settings: [String: String] {
    var settings = text.settings
    if let budget {
      (settings["budget"], settings["window"]) = ("\(budget.pairs)", "\(budget.window)")
      // What that is depends on the filters, which results name by their digest.
      settings["Q-Filters"] =
        budget.isEqual ? RetentionPolicy.publishedScore : "by head, if the bank tells"
    }
    return settings
  }

  package func cases() throws -> [Case] {
    let sequences = try text.split(model)
    return methods.flatMap { method in
      sequences.enumerated().map { index, tokens in
        Case(method: method, compression: 1, sequence: index, tokens: tokens)
      }
    }
  }

  /// Sequences of one method are scored together, because each weight is then read once for all of
  /// them.
  package func batches(_ missing: [Case]) -> [[Case]] {
    missing.chunked { $0.method == $1.method }.flatMap { cases in
      let size = cases[0].method == .full ? 1 : Engine.mostSequences
      return stride(from: 0, to: cases.count, by: size).map {
        Array(cases[$0..<min(cases.count, $0 + size)])
      }
    }
  }

  /// Tokens.
  package func steps(_ batch: [Case]) -> Int { batch.count * text.length }

  package func measure(
    _ batch: [Case], progress: (Int) -> Void, keep: ([Cell]) throws -> Void
  ) throws {
    let losses = try losses(batch[0].method, batch.map(\.tokens)) { progress($0 * batch.count) }
    try keep(zip(batch, losses).map { Cell($0, losses: $1) })
  }

  private func losses(
    _ method: Method, _ sequences: [[Int]], progress: (Int) -> Void
  ) throws -> [[Double]] {
    if method != .full, let budget {
      let eviction = eviction(method, budget)
      return try losses(sequences, evictingBy: eviction, progress: progress)
    }
    return try sequences.map { tokens in
      let cache = try KVCache(
        shape: model.engine.cacheShape, dtype: .f32, capacity: tokens.count)
      return try model.engine.negativeLogLikelihoods(tokens, into: cache, progress: progress)
    }
  }

  private func eviction(_ method: Method, _ budget: Budget) -> Eviction {
    Eviction(
      method, budget: budget.pairs, window: budget.window, hasEqualBudgets: budget.isEqual,
      bank: filters?.bank, bankPath: filters?.path ?? "")
  }

  /// −ln p of every token but the first of each sequence, given the pairs that the budget left of
  /// those before it.
  private func losses(
    _ sequences: [[Int]], evictingBy eviction: Eviction, progress: (Int) -> Void
  ) throws -> [[Double]] {
    let shape = model.engine.cacheShape
    let room = eviction.room(tokens: 1)
    let caches = try sequences.map { _ in
      try KVCache(shape: shape, dtype: .f32, capacity: room)
    }
    let evictors = caches.map { eviction.evictor(of: $0, engine: model.engine) }
    var losses = [[Double]](repeating: [], count: sequences.count)
    for position in sequences[0].indices.dropLast() {
      let step = try model.engine.decodeBatch(
        sequences.map { $0[position] }, into: caches, next: sequences.map { $0[position + 1] })
      for (sequence, loss) in step.enumerated() { losses[sequence].append(loss) }
      for evictor in evictors { evictor.apply() }
      progress(position + 2)
    }
    return losses
  }
}
