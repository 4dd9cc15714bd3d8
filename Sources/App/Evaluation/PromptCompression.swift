package import Workflows
import CacheFormat
import Inference
package import QFilters

/// How likely a text's own continuation remains once its beginning is compressed.
package enum PromptCompression {
  /// What to measure.
  package struct Options: Sendable {
    /// So many first tokens of each sequence are prefilled and compressed.
    package var promptTokens = 4096
    /// Compressions ×N.
    package var compressions = [2, 4, 8, 16, 32]
    /// Methods.
    package var methods: [Method] = [.full, .qFilters, .snapKV, .expectedAttention, .streamingLLM]
    /// What every compression keeps.
    package var retention = RetentionPolicy()

    /// The first 4,096 tokens.
    package init() {}

    fileprivate var cases: [(Method, Int)] {
      methods.flatMap { method in
        method == .full ? [(method, 1)] : compressions.map { (method, $0) }
      }
    }
  }

  /// What settings call the tokens of the prompt.
  static let tokensName = "tokens of the prompt"

  /// Prefills each sequence's prompt once, compresses it with every method and compression, and scores what
  /// follows with one forward pass. All tokens behind the prompt but the first are scored.
  ///
  /// - Parameter out: A folder that keeps every sequence in `continuation.json`; those that are there are
  ///   not scored again.
  /// - Throws: As `Perplexity.run`.
  package static func run(
    _ model: LoadedModel, bank: FilterBank, bankPath: String, _ text: Perplexity.Text,
    options: Options, out: String?, progress: Progress
  ) throws -> Results<Perplexity.Cell> {
    let parts = try text.split(model)
    let file = try file(model, bank, bankPath, text, options, out)
    let missing = parts.indices.map { index in
      options.cases.filter { method, compression in
        !file.results.cells.contains {
          $0.method == method.rawValue && $0.compression == compression && $0.sequence == index
        }
      }
    }
    let total = missing.reduce(0) { $0 + $1.count }
    return try file.collect {
      var done = 0
      progress("continue", done, total)
      for (index, cases) in missing.enumerated() where !cases.isEmpty {
        let rest = Array(parts[index][options.promptTokens...])
        let context = try PrefilledContext(
          Array(parts[index][..<options.promptTokens]), room: rest.count, methods: options.methods,
          model: model, bank: bank, retention: options.retention)
        for (method, compression) in cases {
          let losses = try losses(model, rest, context, method, compression)
          try file.append(
            Perplexity.Cell(
              method: method.rawValue, compression: compression, sequence: index,
              losses: losses.map { Float($0) }))
          done += 1
          progress("continue", done, total)
        }
      }
    }
  }

  private static func file(
    _ model: LoadedModel, _ bank: FilterBank, _ bankPath: String, _ text: Perplexity.Text,
    _ options: Options, _ out: String?
  ) throws -> ResultFile<Perplexity.Cell> {
    try bank.check(model, path: bankPath)
    var settings = text.settings
    settings[tokensName] = "\(options.promptTokens)"
    settings.merge(options.retention.settings(bank)) { $1 }
    return try ResultFile(
      folder: out, name: "continuation", origin: ResultOrigin(model, bank), settings: settings)
  }

  /// Refuses, as `run` would, another model's filters and a folder with results of something else.
  ///
  /// - Throws: `IdentityMismatch`, `OtherResults`, `MalformedFile`, `SystemError`.
  package static func check(
    _ folder: String, _ model: LoadedModel, bank: FilterBank, bankPath: String,
    _ text: Perplexity.Text, options: Options
  ) throws { _ = try file(model, bank, bankPath, text, options, folder) }

  private static func losses(
    _ model: LoadedModel, _ rest: [Int], _ context: PrefilledContext, _ method: Method,
    _ compression: Int
  ) throws -> [Double] {
    guard method == .full else {
      return try model.engine.negativeLogLikelihoods(
        rest, into: context.compressed(method, compression: compression, room: rest.count))
    }
    defer { context.cache.removeLast(rest.count) }
    return try model.engine.negativeLogLikelihoods(rest, into: context.cache)
  }
}
