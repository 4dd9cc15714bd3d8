import ModelFiles
import TestSupport
import Testing

@testable import Inference

@Suite("What a context continues its last tokens with")
struct LikeliestTests {
  @Test(
    "it is the likeliest token by the logits after each of them, over chunks too",
    arguments: [(5, 3), (40, 40), (1100, 90), (1025, 1)])
  func likeliest(tokens: Int, last: Int) throws {
    let (engine, _) = try TinyModel.load("tiny-llama-f32.gguf")
    var random = SeededGenerator(seed: UInt64(tokens))
    let ids = (0..<tokens).map { _ in Int.random(in: 0..<256, using: &random) }
    var layers: [Int] = []
    let cache = try TinyModel.cache(engine, tokens)
    let likeliest = try engine.likeliest(
      afterLast: last, of: ids, into: cache, ready: { layers.append($0) },
      observe: { _, _, _ in })
    #expect(likeliest.count == last && cache.nextPosition == tokens)
    #expect(layers.count >= engine.architecture.layers)
    // The last tokens of prefixes, each by itself.
    for index in [0, last / 2, last - 1] {
      let prefix = ids[...(tokens - last + index)]
      let logits = try engine.prefill(
        Array(prefix), into: try TinyModel.cache(engine, prefix.count))
      let best = logits.max() ?? 0
      #expect(best - logits[likeliest[index]] < 2 * TinyModel.rounding(logits))
    }
  }

  @Test("ln p of all tokens adds up to one")
  func logarithm() {
    let logits: [Float] = [1, -2, 0.5, 30, 29]
    let sum = logits.indices.reduce(0.0) {
      $0 + exponential(Engine.logarithm(of: $1, logits))
    }
    #expect(abs(sum - 1) < 1e-6)
  }
}
