import Inference
import TestSupport
import Testing

@testable import Workflows

@Suite("What a budget leaves of a text")
struct EvictionTests {
  /// The positions that each head holds after a text of 300 tokens, let in one by one.
  private func survivors(_ method: Method, budget: Int, window: Int) throws -> [[UInt32]] {
    let model = try LoadedModel(path: Fixtures.path("models/tiny-llama-f32.gguf"))
    let shape = model.engine.cacheShape
    let cache = try KVCache(shape: shape, dtype: .f32, capacity: budget + 1)
    let evictor = Eviction(method, budget: budget, window: window)
      .evictor(of: cache, engine: model.engine)
    for token in 0..<300 {
      _ = try model.engine.decode(token % 100 + 3, into: cache)
      evictor.apply()
    }
    return (0..<shape.layers * shape.kvHeads).map { index in
      cache.positions(layer: index / shape.kvHeads, head: index % shape.kvHeads)
    }
  }

  @Test("random keeps pairs from all over it, in each head others")
  func random() throws {
    let heads = try survivors(.random, budget: 60, window: 10)
    for positions in heads {
      #expect(positions.count == 60)
      #expect(positions.suffix(10) == ArraySlice(290..<300))
      // Fifty of 290 by chance: each third has a dozen of them, for all but one seed in thousands.
      for third in [0..<97, 97..<194, 194..<290] as [Range<UInt32>] {
        let own = positions.dropLast(10).count { third.contains($0) }
        #expect((6...28).contains(own), "\(third): \(own)")
      }
    }
    #expect(Set(heads).count == heads.count)
  }

  @Test("Streaming-LLM keeps sinks and the newest")
  func streaming() throws {
    for positions in try survivors(.streamingLLM, budget: 20, window: 5) {
      #expect(positions == Array(0..<4) + Array(284..<300))
    }
  }
}
