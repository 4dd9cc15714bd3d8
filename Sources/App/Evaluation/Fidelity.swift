package import Workflows
import CacheFormat
import Inference
package import QFilters

/// How well a method foresees what a text goes on to attend to, for every layer and head.
package enum Fidelity {
  /// What is attended to is watched in one go.
  package static let mostContinuation = Engine.chunk

  /// What to measure.
  package struct Options: Sendable {
    /// Tokens of each context: so many that ×32 still leaves room to choose beside sinks and window.
    package var context = 4096
    /// So many tokens behind each context say what is attended to.
    package var continuation = 128
    /// How many contexts, consecutive in the text.
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

    func settings(_ text: [UInt8], _ bank: FilterBank) -> [String: String] {
      let settings = [
        "text": Digest(of: text).description, tokensName: "\(context)",
        "tokens behind it": "\(continuation)",
        "compressions": compressions.map(String.init).joined(separator: ", "),
      ]
      return settings.merging(retention.settings(bank)) { $1 }
    }
  }

  /// One method on one context.
  package struct Cell: ResultCell {
    /// The method's name.
    package let method: String
    /// Which context of the text.
    package let sequence: Int
    /// Layers of the model, and KV heads in each.
    package let layers, kvHeads: Int
    /// Compressions ×N.
    package let compressions: [Int]
    /// Spearman's correlation of a pair's score and the attention that it gets, over the pairs that are ranked
    /// by scores, [layers · kvHeads]; nil where none are, or where they are all alike.
    package let correlations: [Float?]
    /// The share of attention that goes to pairs that are kept, [compressions][layers · kvHeads].
    package let massKept: [[Float]]
    /// The mean over the continuation's tokens of KL(whole cache ‖ compressed) in nats, [compressions].
    package let divergences: [Double]

    /// Method and context.
    package var subject: [String] { [method, "\(sequence)"] }

    /// Checks that all cells are of one shape, every figure's range, and the methods' names.
    package static func problem(_ cells: [Cell]) -> String? {
      guard let first = cells.first else { return nil }
      let isSound = cells.allSatisfy { cell in
        let isOfOneShape =
          Method(rawValue: cell.method) != nil
          && (cell.layers, cell.kvHeads) == (first.layers, first.kvHeads)
          && cell.compressions == first.compressions
          && (1...4096).contains(cell.layers) && (1...4096).contains(cell.kvHeads)
          && cell.massKept.count == cell.compressions.count
          && cell.divergences.count == cell.compressions.count
          && ([cell.correlations.count] + cell.massKept.map(\.count)).allSatisfy {
            $0 == cell.layers * cell.kvHeads
          }
        return isOfOneShape && (0...1 << 24).contains(cell.sequence)
          && cell.compressions.allSatisfy((1...1 << 24).contains)
          && cell.correlations.allSatisfy { abs($0 ?? 0) < 1.001 }
          && cell.massKept.allSatisfy { $0.allSatisfy { $0 >= 0 && $0 < 1.001 } }
          && cell.divergences.allSatisfy(\.isFinite)
      }
      return isSound
        ? nil : "an unknown method, contexts of different shapes, or a figure outside its range"
    }
  }

  /// What settings call the tokens of a context.
  fileprivate static let tokensName = "tokens in a context"

  /// Measures each method on each context, which is prefilled once.
  ///
  /// - Parameters:
  ///   - text: UTF-8; each context and its continuation follow on those before.
  ///   - out: A folder that keeps every measurement in `fidelity.json`; those that are there are not made
  ///     again.
  /// - Throws: `IdentityMismatch` if the filters are another model's, `MalformedFile` if they do not fit it,
  ///   `OtherResults`, `PromptError`, `EngineError.notFinite` if a score or an attention is not, `SystemError`.
  package static func run(
    _ model: LoadedModel, bank: FilterBank, bankPath: String, text: [UInt8], options: Options,
    out: String?, progress: Progress
  ) throws -> Results<Cell> {
    let parts = try Sequences.split(
      text, count: options.sequences, length: options.context + options.continuation, model: model)
    let file = try file(model, bank, bankPath, text, options, out)
    let missing = parts.indices.map { index in
      options.methods.filter { method in
        !file.results.cells.contains {
          $0.method == method.rawValue && $0.sequence == index
        }
      }
    }
    let total = missing.reduce(0) { $0 + $1.count }
    return try file.collect {
      var done = 0
      progress("fidelity", done, total)
      for (index, methods) in missing.enumerated() where !methods.isEmpty {
        let future = try Future(parts[index], options: options, model: model, bank: bank)
        for method in methods {
          try file.append(future.cell(method, sequence: index, options.compressions))
          done += 1
          progress("fidelity", done, total)
        }
      }
    }
  }
}

extension Fidelity {
  private static func file(
    _ model: LoadedModel, _ bank: FilterBank, _ bankPath: String, _ text: [UInt8],
    _ options: Options, _ out: String?
  ) throws -> ResultFile<Cell> {
    try bank.check(model, path: bankPath)
    return try ResultFile(
      folder: out, name: "fidelity", origin: ResultOrigin(model, bank),
      settings: options.settings(text, bank))
  }

  /// Refuses, as `run` would, another model's filters and a folder with results of something else.
  ///
  /// - Throws: `IdentityMismatch`, `OtherResults`, `MalformedFile`, `SystemError`.
  package static func check(
    _ folder: String, _ model: LoadedModel, bank: FilterBank, bankPath: String, text: [UInt8],
    options: Options
  ) throws { _ = try file(model, bank, bankPath, text, options, folder) }
}

extension Results<Fidelity.Cell> {
  /// The measurements of the contexts that all methods have: what others cost says nothing of a method.
  package var comparable: [Fidelity.Cell] { shared(by: \.method, over: \.sequence) }

  /// Whether sinks and window are all that a method keeps at ×N, so that all methods hold the same.
  package func isProtectedAlone(_ method: String, _ compression: Int) -> Bool {
    isProtectedAlone(method, compression, tokensNamed: Fidelity.tokensName)
  }
}

/// A context, and what its continuation attends to and predicts with the whole cache.
private struct Future {
  private let model: LoadedModel
  private let context: PrefilledContext
  private let rest: [Int]
  /// [layers · kvHeads][pairs].
  private let mass: [[Float]]
  private let predictions: Predictions

  init(_ tokens: [Int], options: Fidelity.Options, model: LoadedModel, bank: FilterBank) throws {
    self.model = model
    rest = Array(tokens[options.context...])
    let context = try PrefilledContext(
      Array(tokens[..<options.context]), room: rest.count, methods: options.methods,
      model: model, bank: bank, retention: options.retention)
    let attention = try AccumulatedAttention(model.engine.architecture, pairs: tokens.count)
    predictions = try model.engine.predictions(
      rest, into: context.cache,
      observe: { layer, queries, count in
        attention.add(layer: layer, queries: queries, count: count, cache: context.cache)
      })
    context.cache.removeLast(rest.count)
    let shape = context.cache.shape
    mass = (0..<shape.layers * shape.kvHeads).map { index in
      attention.sums(
        layer: index / shape.kvHeads, head: index % shape.kvHeads, pairs: options.context)
    }
    guard mass.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { throw EngineError.notFinite }
    self.context = context
  }

  func cell(_ method: Method, sequence: Int, _ compressions: [Int]) throws -> Fidelity.Cell {
    let shape = context.cache.shape
    let order = try context.order(method)
    let kept = compressions.map { compression in
      mass.indices.map { index in
        share(
          of: mass[index],
          order[index].prefix(
            context.kept(
              compression: compression, layer: index / shape.kvHeads, head: index % shape.kvHeads)))
      }
    }
    let correlations = try zip(context.scores(method), mass).enumerated().map { index, pair in
      let ranked = context.ranked(
        by: method, layer: index / shape.kvHeads, head: index % shape.kvHeads)
      return try RankCorrelation.spearman(Array(pair.0[ranked]), Array(pair.1[ranked]))
    }
    let divergences = try compressions.map { compression in
      let values = try model.engine.divergences(
        from: predictions, rest,
        into: context.compressed(method, compression: compression, room: rest.count))
      return values.reduce(0, +) / Double(values.count)
    }
    return Fidelity.Cell(
      method: method.rawValue, sequence: sequence, layers: shape.layers, kvHeads: shape.kvHeads,
      compressions: compressions, correlations: correlations, massKept: kept,
      divergences: divergences)
  }

  private func share(of mass: [Float], _ kept: ArraySlice<UInt32>) -> Float {
    let total = mass.reduce(0, +)
    return total > 0 ? kept.reduce(0) { $0 + mass[Int($1)] } / total : 1
  }
}
