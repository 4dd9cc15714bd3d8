import Inference
import TestSupport
import Testing

@testable import Workflows

@Suite("A turn whose pairs are evicted cannot be saved")
struct SaveWithEvictionTests {
  @Test("resume with both throws before it opens the snapshot")
  func both() throws {
    let model = try LoadedModel(path: Fixtures.path("models/tiny-llama-f32.gguf"))
    let options = GenerationConfig(
      maximumTokens: 4, sampling: Sampler.Options(),
      eviction: Eviction(.kNorm, budget: 8, window: 2))
    let error = try #require(throws: SaveRefusal.self) {
      _ = try Resume.run(
        model, snapshot: "missing.kvsnap", text: Array("text".utf8), mode: .whole, options: options,
        save: Resume.Save(path: "child.kvsnap")
      ) { _ in }
    }
    #expect("\(error)" == "child.kvsnap cannot be saved, because its pairs are evicted")
  }
}
