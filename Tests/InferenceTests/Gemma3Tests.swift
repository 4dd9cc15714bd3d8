import Foundation
import Inference
import ModelFiles
import TestSupport
import Testing

@Suite("Gemma 3 270M gives what transformers gives in float32")
struct Gemma3Tests {
  private struct Golden: Decodable {
    struct Prompt: Decodable {
      let text: String
      let ids, greedy24: [Int]
      let negativeLogLikelihoodSum: Double
      /// Token id and logit, best first.
      let lastLogitsTop8: [[Double]]
    }
    let prompts: [Prompt]
  }

  /// One ISA rounds what quantised rows are multiplied by to 16 bits.
  private static let tolerance = Runtime.kernels.isa == "avx512bf16" ? 0.02 : 0.001

  @Test("logits, likelihood and greedy continuation of every prompt", .realModel)
  func prompts() throws {
    let engine = try Engine(ModelFile(path: Demo.gemma))
    let golden: Golden = try Fixtures.json("golden/gemma3.json")
    for prompt in golden.prompts {
      let loss = try engine.negativeLogLikelihoods(
        prompt.ids, into: cache(engine, prompt.ids.count)
      ).reduce(0, +)
      #expect(abs(loss - prompt.negativeLogLikelihoodSum) < 5 * Self.tolerance, "\(prompt.text)")

      let cache = try cache(engine, prompt.ids.count + prompt.greedy24.count)
      var logits = try engine.prefill(prompt.ids, into: cache)
      for entry in prompt.lastLogitsTop8 {
        let difference = abs(Double(logits[Int(entry[0])]) - entry[1])
        #expect(difference < Self.tolerance, "\(prompt.text)")
      }
      var sampler = Sampler(.init())
      var ids: [Int] = []
      while ids.count < prompt.greedy24.count {
        ids.append(sampler.next(logits))
        logits = try engine.decode(ids[ids.count - 1], into: cache)
      }
      #expect(ids == prompt.greedy24, "\(prompt.text)")
    }
  }

  private func cache(_ engine: Engine, _ capacity: Int) throws -> KVCache {
    try KVCache(shape: engine.cacheShape, dtype: .f32, capacity: capacity)
  }
}
