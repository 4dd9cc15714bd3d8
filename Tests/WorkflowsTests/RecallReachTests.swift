import ModelFiles
import TestSupport
import Testing

@testable import Workflows

@Suite("How recall brings far pairs within reach")
struct RecallReachTests {
  private func model() throws -> ModelConfig {
    try ModelFile(path: Fixtures.path("models/tiny-llama-f32.gguf")).architecture
  }

  @Test("the first position comes to the edge, the last ones stay, and all keep their order")
  func shifts() throws {
    let model = try model()
    var random = SeededGenerator(seed: 11)
    for _ in 0..<50 {
      let reach = Int.random(in: 65...3000, using: &random)
      let start = Int.random(in: reach + 1...20_000, using: &random)
      let shifts = try #require(RecallReach(reach, of: model).shifts(before: start))
      #expect(shifts.count == start)
      #expect(abs(Double(start) - shifts[0] - Double(reach)) < 1e-6)
      #expect(shifts.suffix(64).allSatisfy { $0 == 0 })
      let places = shifts.enumerated().map { Double($0) + $1 }
      #expect(zip(places, places.dropFirst()).allSatisfy { $0 < $1 }, "\(reach), \(start)")
      #expect(shifts.allSatisfy { $0 >= 0 })
    }
  }

  @Test("what is within reach stays as it is; a quarter of the model's context is the usual reach")
  func within() throws {
    let model = try model()
    #expect(RecallReach(500, of: model).shifts(before: 500) == nil)
    #expect(RecallReach(nil, of: model).shifts(before: model.contextLength / 4) == nil)
    #expect(RecallReach(nil, of: model).shifts(before: model.contextLength / 4 + 1) != nil)
  }
}
