import ModelFiles
import TestSupport
import Testing

@testable import Inference

@Suite("The last queries of a context that is prefilled in chunks")
struct RecentQueriesTests {
  @Test("the last ones give the same attention, however the context was cut")
  func recent() throws {
    let engine = try Engine(ModelFile(path: Fixtures.path("models/tiny-gemma3.gguf")))
    let tokens = (0..<90).map { $0 * 7 % 100 + 3 }
    var expected: [Float] = []
    for cuts in [[90], [26, 64], [30, 60], [89, 1], [5, 40, 3, 42]] {
      let cache = try KVCache(shape: engine.cacheShape, dtype: .f32, capacity: tokens.count)
      let recent = try RecentQueries(engine.architecture, tokens: 64)
      var start = 0
      for count in cuts {
        try engine.observe(Array(tokens[start..<start + count]), into: cache) {
          recent.add(layer: $0, queries: $1, count: $2)
        }
        start += count
      }
      let mass = try AccumulatedAttention(engine.architecture, pairs: tokens.count)
      recent.addAttention(to: mass, of: cache)
      let sums = (0..<cache.shape.layers).flatMap { layer in
        (0..<cache.shape.kvHeads).flatMap { mass.sums(layer: layer, head: $0, pairs: 90) }
      }
      if expected.isEmpty { expected = sums }
      let error = zip(sums, expected).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
      #expect(error < (Runtime.kernels.isa == "avx512bf16" ? 1 : 1e-3), "\(cuts)")
      // Each of 64 tokens and of the query heads pays 1 in all.
      let heads = engine.architecture.queryHeads * engine.architecture.layers
      #expect(abs(sums.reduce(0, +) - Float(64 * heads)) < 0.1)
    }
  }

  @Test(
    "queries before RoPE are those that RoPE turned, at any position and in any kind of layer",
    arguments: [
      "tiny-llama-f32.gguf", "tiny-gemma3.gguf", "tiny-yarn-rope.gguf", "tiny-llama3-rope",
    ])
  func unrotated(name: String) throws {
    let engine = try Engine(ModelFile(path: Fixtures.path("models/\(name)")))
    let model = engine.architecture
    let cache = try KVCache(shape: engine.cacheShape, dtype: .f32, capacity: 40)
    let unrotated = try Matrix(rows: 40, columns: model.queryHeads * model.keyLength)
    try engine.observe((0..<40).map { $0 + 3 }, into: cache) { layer, queries, count in
      engine.undoRotation(layer: layer, of: queries, rows: 3..<count, into: unrotated)
      for row in 3..<count {
        // At a single position the mean rotation is the position's own.
        let rotation = engine.meanRotation(layer: layer, positions: row..<row + 1)
        let expected = queries.copy(row: row)
        let actual = Self.turned(unrotated.copy(row: row - 3), rotation, length: model.keyLength)
        for (a, b) in zip(actual, expected) { #expect(abs(a - b) < 1e-4 * (1 + abs(b))) }
      }
    }
  }

  @Test(
    "what is turned by some positions more, or fewer, is as if it had stood there",
    arguments: ["tiny-llama-f32.gguf", "tiny-gemma3.gguf", "tiny-llama3-rope", "tiny-dynamic-rope"])
  func turnedOn(name: String) throws {
    let engine = try Engine(ModelFile(path: Fixtures.path("models/\(name)")))
    var random = SeededGenerator(seed: 5)
    for layer in 0..<engine.architecture.layers {
      // The length of a sequence that ends there is one more.
      let (from, to) = (
        Int.random(in: 0..<900, using: &random), Int.random(in: 0..<900, using: &random)
      )
      let length = engine.architecture.keyLength
      let vector = (0..<length).map { _ in Float.random(in: -1...1, using: &random) }
      func at(_ position: Int) -> [Float] {
        let rotation = engine.meanRotation(layer: layer, positions: position..<position + 1)
        return Self.turned(vector, rotation, length: length)
      }
      let turn = engine.rotation(
        layer: layer, from: (Double(from), from + 1), to: (Double(to), to + 1))
      let actual = Self.turned(at(from), turn, length: length)
      #expect(zip(actual, at(to)).allSatisfy { abs($0 - $1) < 1e-4 }, "layer \(layer)")
    }
  }

  private static func turned(
    _ row: [Float], _ rotation: (cosines: [Float], sines: [Float]), length: Int
  ) -> [Float] {
    var turned = row
    let half = rotation.cosines.count
    for start in stride(from: 0, to: row.count, by: length) {
      for index in 0..<half {
        let (a, b) = (row[start + index], row[start + index + half])
        turned[start + index] = a * rotation.cosines[index] - b * rotation.sines[index]
        turned[start + index + half] = b * rotation.cosines[index] + a * rotation.sines[index]
      }
    }
    return turned
  }
}
