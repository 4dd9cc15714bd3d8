import CacheFormat
import Inference
package import QFilters
package import Workflows

/// How well a method foresees what a text attends to later, for every layer and head.
///
/// Each context is prefilled once, for all methods.
package struct Fidelity: EvaluationTask {
  /// The greatest number of tokens after a context: their attention is taken in one chunk.
  package static let mostContinuation = Engine.chunk

  package let model: LoadedModel
  package let filters: (bank: FilterBank, path: String)?
  private let bank: FilterBank
  private let text: [UInt8]
  private let options: Options

  /// Measures contexts of a text.
  ///
  /// - Parameter text: UTF-8; contexts and their continuations are consecutive in it.
  package init(
    _ model: LoadedModel, filters: (bank: FilterBank, path: String), text: [UInt8],
    options: Options
  ) {
    (self.model, self.filters, bank) = (model, filters, filters.bank)
    (self.text, self.options) = (text, options)
  }

  /// What to measure.
  package struct Options: Sendable {
    /// Tokens of each context. At 4,096, ×32 still leaves room for a choice next to sinks and
    /// window.
    package var context = 4096
    /// How many tokens after each context say what is attended to.
    package var continuation = 128
    /// The number of contexts, consecutive in the text.
    package var sequences = 8
    /// Compressions ×N.
    package var compressions = [2, 4, 8, 16, 32]
    /// Methods; the whole cache and recall have nothing to foresee.
    package var methods: [Method] = [
      .qFilters, .snapKV, .expectedAttention, .streamingLLM, .kNorm, .keyDiff, .random,
    ]
    /// What every compression keeps.
    package var retention = RetentionPolicy()

    /// Eight contexts of 4,096 tokens.
    package init() {}
  }

  /// One method on one context.
  package struct Case: EvaluationCase {
    let method: Method
    let sequence: Int
    /// The context and its continuation.
    let tokens: [Int]

    package var subject: [String] { Cell.subject(method.rawValue, sequence) }
  }

  /// What settings call the tokens of a context.
  static let tokensName = "tokens in a context"

  package let fileName = "fidelity"
  package let activity = "fidelity"
  package var settings: [String: String] {
    let settings = [
      "text": Digest(of: text).description, Self.tokensName: "\(options.context)",
      "tokens behind it": "\(options.continuation)",
      "compressions": options.compressions.map(String.init).joined(separator: ", "),
    ]
    return settings.merging(options.retention.settings(bank)) { $1 }
  }

  package func cases() throws -> [Case] {
    let sequences = try Sequences.split(
      text, count: options.sequences, length: options.context + options.continuation, model: model)
    return sequences.enumerated().flatMap { index, tokens in
      options.methods.map { Case(method: $0, sequence: index, tokens: tokens) }
    }
  }

  /// One for each context.
  package func batches(_ missing: [Case]) -> [[Case]] {
    missing.chunked { $0.sequence == $1.sequence }
  }

  /// Cases.
  package func steps(_ batch: [Case]) -> Int { batch.count }

  package func measure(
    _ batch: [Case], progress: (Int) -> Void, keep: ([Cell]) throws -> Void
  ) throws {
    let future = try FidelityContext(batch[0].tokens, options: options, model: model, bank: bank)
    for (index, wanted) in batch.enumerated() {
      try keep([future.cell(wanted, options.compressions)])
      progress(index + 1)
    }
  }
}
