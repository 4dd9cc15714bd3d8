import ModelFiles
import TestSupport
import Testing

@testable import Inference

@Suite("Keys that are turned to later positions")
struct KeyShiftTests {
  private static let tokens = 40

  private func cache(_ engine: Engine, from position: Int) throws -> KVCache {
    let cache = try KVCache(shape: engine.cacheShape, dtype: .f32, capacity: Self.tokens)
    cache.continue(at: position)
    _ = try engine.prefill((0..<Self.tokens).map { $0 * 7 % 100 + 3 }, into: cache)
    return cache
  }

  private func keys(_ cache: KVCache, _ layer: Int) -> [Float] {
    (0..<cache.shape.kvHeads).flatMap { cache.decodedKeys(layer: layer, head: $0) }
  }

  @Test(
    "are those of the same text further on; layers with a window stay",
    arguments: [
      "tiny-llama-f32.gguf", "tiny-gemma3.gguf", "tiny-yarn-rope.gguf", "tiny-llama3-rope",
    ])
  func constant(name: String) throws {
    var random = SeededGenerator(seed: 3)
    let engine = try Engine(ModelFile(path: Fixtures.path("models/\(name)")))
    for _ in 0..<3 {
      let steps = Int.random(in: 1...60, using: &random)
      let (shifted, later) = (try cache(engine, from: 0), try cache(engine, from: steps))
      let before = (0..<engine.architecture.layers).map { keys(shifted, $0) }
      // Two halves of a step are one.
      let shift = try KeyShift(
        engine.architecture, shifts: [Double](repeating: Double(steps) / 2, count: Self.tokens))
      for layer in 0..<engine.architecture.layers {
        for _ in 0..<2 { try shift.apply(to: shifted, layer: layer) }
        let isLocal = engine.architecture.window(ofLayer: layer) != nil
        let expected = isLocal ? before[layer] : keys(later, layer)
        let greatest = expected.reduce(0) { max($0, abs($1)) }
        // One ISA rounds what quantised rows are multiplied by to 16 bits.
        let tolerance: Float = Runtime.kernels.isa == "avx512bf16" ? 0.02 : 1e-4
        let error = zip(keys(shifted, layer), expected).reduce(Float(0)) {
          max($0, abs($1.0 - $1.1))
        }
        #expect(error <= tolerance * greatest, "layer \(layer), \(steps) positions")
      }
    }
  }

  @Test("only pairs at the context's positions turn, each by its own shift")
  func part() throws {
    let engine = try Engine(ModelFile(path: Fixtures.path("models/tiny-llama-f32.gguf")))
    let (shifted, whole) = (try cache(engine, from: 0), try cache(engine, from: 0))
    let shifts = (0..<20).map { $0 % 2 == 0 ? 0 : Double($0) }
    let shift = try KeyShift(engine.architecture, shifts: shifts)
    let length = engine.architecture.keyLength
    try shift.apply(to: shifted, layer: 0)
    for head in 0..<shifted.shape.kvHeads {
      let (after, before) = (
        shifted.decodedKeys(layer: 0, head: head), whole.decodedKeys(layer: 0, head: head)
      )
      for pair in 0..<Self.tokens {
        let row = pair * length..<(pair + 1) * length
        let stays = pair >= shifts.count || shifts[pair] == 0
        #expect((after[row] == before[row]) == stays, "pair \(pair)")
      }
    }
  }
}
