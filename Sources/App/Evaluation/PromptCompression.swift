import Inference
package import QFilters
package import Workflows

/// How likely a text's own continuation remains once its beginning is compressed.
///
/// The prompt of each sequence is prefilled once, for all methods and compressions. What follows is
/// scored with one forward pass: all tokens after the prompt but the first.
package struct PromptCompression: EvaluationTask {
  package typealias Case = Perplexity.Case
  package typealias Cell = Perplexity.Cell

  package let model: LoadedModel
  package let filters: (bank: FilterBank, path: String)?
  private let bank: FilterBank
  private let text: Perplexity.Text
  private let options: Options

  /// Scores what follows the prompts of a text.
  package init(
    _ model: LoadedModel, _ text: Perplexity.Text, filters: (bank: FilterBank, path: String),
    options: Options
  ) {
    (self.model, self.filters, bank) = (model, filters, filters.bank)
    (self.text, self.options) = (text, options)
  }

  /// What to measure.
  package struct Options: Sendable {
    /// How many first tokens of each sequence are prefilled and compressed.
    package var promptTokens = 4096
    /// Compressions ×N.
    package var compressions = [2, 4, 8, 16, 32]
    /// Methods.
    package var methods: [Method] = [.full, .qFilters, .snapKV, .expectedAttention, .streamingLLM]
    /// What every compression keeps.
    package var retention = RetentionPolicy()

    /// The first 4,096 tokens.
    package init() {}
  }

  /// What settings call the tokens of the prompt.
  static let tokensName = "tokens of the prompt"

  package let fileName = "continuation"
  package let activity = "continue"
  package var settings: [String: String] {
    var settings = text.settings
    settings[Self.tokensName] = "\(options.promptTokens)"
    return settings.merging(options.retention.settings(bank)) { $1 }
  }

  package func cases() throws -> [Case] {
    try text.split(model).enumerated().flatMap { index, tokens in
      options.methods.cases(options.compressions).map {
        Case(method: $0.method, compression: $0.compression, sequence: index, tokens: tokens)
      }
    }
  }

  /// One for each sequence.
  package func batches(_ missing: [Case]) -> [[Case]] {
    missing.chunked { $0.sequence == $1.sequence }
  }

  /// Cases.
  package func steps(_ batch: [Case]) -> Int { batch.count }

  package func measure(
    _ batch: [Case], progress: (Int) -> Void, keep: ([Cell]) throws -> Void
  ) throws {
    let tokens = batch[0].tokens
    let rest = Array(tokens[options.promptTokens...])
    let context = try PrefilledContext(
      Array(tokens[..<options.promptTokens]), room: rest.count, methods: options.methods,
      model: model, bank: bank, retention: options.retention)
    for (index, wanted) in batch.enumerated() {
      try keep([Cell(wanted, losses: losses(wanted, context, rest))])
      progress(index + 1)
    }
  }

  private func losses(
    _ wanted: Case, _ context: PrefilledContext, _ rest: [Int]
  ) throws -> [Double] {
    guard wanted.method == .full else {
      let cache = try context.compressed(
        wanted.method, compression: wanted.compression, room: rest.count)
      return try model.engine.negativeLogLikelihoods(rest, into: cache)
    }
    defer { context.cache.removeLast(rest.count) }
    return try model.engine.negativeLogLikelihoods(rest, into: context.cache)
  }
}
