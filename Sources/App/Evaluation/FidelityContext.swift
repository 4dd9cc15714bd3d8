import Inference
import QFilters
import Workflows

/// A context, and what its continuation attends to and predicts with the whole cache.
struct FidelityContext {
  private let model: LoadedModel
  private let context: PrefilledContext
  private let rest: [Int]
  /// The continuation's attention, [layers · kvHeads][pairs].
  private let mass: [[Float]]
  private let predictions: Predictions

  /// Prefills the first `options.context` tokens, and watches the others.
  ///
  /// - Throws: `EngineError.notFinite` if an attention is not finite.
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

  /// Measures a method at all compressions.
  func cell(_ wanted: Fidelity.Case, _ compressions: [Int]) throws -> Fidelity.Cell {
    let shape = context.cache.shape
    return Fidelity.Cell(
      method: wanted.method.rawValue, sequence: wanted.sequence, layers: shape.layers,
      kvHeads: shape.kvHeads, compressions: compressions,
      correlations: try correlations(wanted.method),
      massKept: try massKept(wanted.method, compressions),
      divergences: try compressions.map { try divergence(wanted.method, compression: $0) })
  }

  private func correlations(_ method: Method) throws -> [Float?] {
    let heads = context.cache.shape.kvHeads
    return try zip(context.scores(method), mass).enumerated().map { index, pair in
      let ranked = context.ranked(by: method, layer: index / heads, head: index % heads)
      return try RankCorrelation.spearman(Array(pair.0[ranked]), Array(pair.1[ranked]))
    }
  }

  private func massKept(_ method: Method, _ compressions: [Int]) throws -> [[Float]] {
    let order = try context.order(method)
    return try compressions.map { compression in
      let kept = try context.kept(method, compression: compression)
      return mass.indices.map { share(of: mass[$0], order[$0].prefix(kept[$0])) }
    }
  }

  private func share(of mass: [Float], _ kept: ArraySlice<UInt32>) -> Float {
    let total = mass.reduce(0, +)
    return total > 0 ? kept.reduce(0) { $0 + mass[Int($1)] } / total : 1
  }

  private func divergence(_ method: Method, compression: Int) throws -> Double {
    let values = try model.engine.divergences(
      from: predictions, rest,
      into: context.compressed(method, compression: compression, room: rest.count))
    return values.reduce(0, +) / Double(values.count)
  }
}
