import Inference
import ModelFiles
import TestSupport
import Testing

/// What transformers computed from a tiny model.
struct Reference: Decodable {
  struct Logits: Decodable {
    let position: Int
    let values: [Float]
  }
  struct Attention: Decodable {
    let layer, position: Int
    let queries, keys, values: [[Float]]
  }
  struct Architecture: Decodable {
    let layers, hidden, feedForward, heads, kvHeads, headDim, vocabulary, context: Int
  }
  let architecture: Architecture
  let ids: [Int]
  let meanNegativeLogLikelihood: Double
  let logits: [Logits]
  let attention: [Attention]
  let greedy: [Int]
}

/// Tiny random models, and how close results have to be.
enum TinyModel {
  /// One ISA rounds activations to 16 bits: that moves logits of up to 23 by up to 0.0067 in these
  /// random models, where nothing dampens it.
  static let isRounded = Runtime.kernels.isa == "avx512bf16"
  static let tolerance: Float = isRounded ? 1e-2 : 1e-4

  static func load(_ name: String) throws -> (Engine, Reference) {
    let engine = try Engine(ModelFile(path: Fixtures.path("models/\(name)")))
    let stem = name.split(separator: ".")[0]
    return (engine, try Fixtures.json("models/\(stem).json"))
  }

  static func cache(_ engine: Engine, _ capacity: Int) throws -> KVCache {
    try KVCache(shape: engine.cacheShape, dtype: .f32, capacity: capacity)
  }

  /// How far rounding to bfloat16 may move these models' numbers, where it is done.
  static func rounding(_ expected: [Float]) -> Float {
    let greatest = expected.map(abs).max() ?? 0
    return isRounded ? 0.1 * greatest : tolerance
  }

  static func expectClose(
    _ result: [Float], _ expected: [Float], _ what: String, tolerance: Float = Self.tolerance
  ) {
    let worst = zip(result, expected).map { abs($0 - $1) }.max() ?? .infinity
    #expect(result.count == expected.count && worst <= tolerance, "\(what): \(worst)")
  }
}
