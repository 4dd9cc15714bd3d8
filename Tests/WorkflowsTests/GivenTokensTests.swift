import Inference
import TestSupport
import Testing
import Tokenization

@testable import Workflows

@Suite("Tokens of an answer that are given, not sampled")
struct GivenTokensTests {
  private let model: LoadedModel
  private let prompt = (0..<20).map { $0 * 7 % 100 + 3 }

  init() throws { model = try LoadedModel(path: Fixtures.path("models/tiny-llama-f32.gguf")) }

  /// An answer of up to `limit` tokens to the prompt; `given` follow its first token.
  private func answer(
    _ limit: Int, given: [Int]?, end: Int? = nil
  ) throws -> (result: GenerationResult, cache: KVCache) {
    let cache = try KVCache(shape: model.engine.cacheShape, dtype: .f32, capacity: 100)
    let logits = try model.engine.prefill(prompt, into: cache)
    let result = try GenerationResult.run(
      model, cache: cache, logits: logits,
      options: GenerationConfig(maximumTokens: limit, sampling: Sampler.Options()),
      afterFirst: { first in
        try given.map { ids in
          GivenTokens(
            ids: ids + (end.map { [$0] } ?? []),
            logits: try model.engine.prefill([first] + ids, into: cache))
        }
      }, emit: { _ in })
    return (result, cache)
  }

  @Test("the answer continues what is given, as if it had been sampled")
  func continues() throws {
    let (sampled, _) = try answer(12, given: nil)
    try #require(sampled.ids.count == 12)
    for count in [0, 1, 5, 11] {
      let (result, cache) = try answer(12, given: Array(sampled.ids[1..<1 + count]))
      #expect(result.ids == sampled.ids, "\(count)")
      #expect(result.text == sampled.text && result.stop == .length)
      #expect((prompt.count + 11...prompt.count + 12).contains(cache.nextPosition))
    }
    // Other tokens than the likeliest ones are taken as they are.
    let (result, _) = try answer(6, given: [50, 60, 70])
    #expect(Array(result.ids[1..<4]) == [50, 60, 70] && result.ids.count == 6)
  }

  @Test("the pairs of given tokens beyond the limit are dropped")
  func limit() throws {
    let (result, cache) = try answer(3, given: [50, 60, 70, 80])
    #expect(Array(result.ids.dropFirst()) == [50, 60] && result.stop == .length)
    #expect(cache.nextPosition == prompt.count + 3)
    #expect(cache.count(layer: 0, head: 0) == prompt.count + 3)
  }

  @Test("a given token that ends an answer ends it")
  func end() throws {
    let end = try #require((0..<280).first { model.tokenizer.isEndOfGeneration($0) })
    let (result, cache) = try answer(9, given: [50, 60], end: end)
    #expect(Array(result.ids.dropFirst()) == [50, 60] && result.stop == .end)
    #expect(cache.nextPosition == prompt.count + 3)
  }
}
