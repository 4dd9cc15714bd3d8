import Inference
import ModelFiles
import TestSupport
import Testing

@Suite("A cache of chosen pairs continues the context")
struct ChosenPairsTests {
  @Test("a cache of chosen pairs continues at the true position, not at the number of its pairs")
  func truePosition() throws {
    let (engine, reference) = try TinyModel.load("tiny-llama-q4_1.gguf")
    let whole = try TinyModel.cache(engine, reference.ids.count)
    _ = try engine.prefill(reference.ids, into: whole)
    let position = reference.ids.count - 1
    let length = engine.architecture.keyLength
    // The first layer's key depends on nothing but the token and its position.
    func key(continuingAt start: Int) throws -> ArraySlice<Float> {
      let kept = try TinyModel.cache(engine, 10)
      for layer in 0..<engine.architecture.layers {
        for head in 0..<engine.architecture.kvHeads {
          var (keys, values) = ([UInt8](), [UInt8]())
          let pairs: [UInt32] = head == 0 ? [0, 3, 9] : [0, 1, 2, 7, 8]
          whole.gather(layer: layer, head: head, pairs: pairs[...], keys: &keys, values: &values)
          kept.restore(layer: layer, head: head, positions: pairs)
          kept.withKeys(layer: layer, head: head) { Self.copy(keys, to: &$0) }
          kept.withValues(layer: layer, head: head) { Self.copy(values, to: &$0) }
        }
      }
      kept.continue(at: start)
      _ = try engine.decode(reference.ids[position], into: kept)
      #expect(kept.nextPosition == start + 1)
      return kept.decodedKeys(layer: 0, head: 0)[(3 * length)...]
    }
    let expected = Array(whole.decodedKeys(layer: 0, head: 0)[(position * length)...])
    TinyModel.expectClose(
      Array(try key(continuingAt: position)), expected, "key at the true position")
    let misplaced = zip(try key(continuingAt: 3), expected).map { abs($0 - $1) }.max() ?? 0
    #expect(misplaced > 0.01)
  }

  @Test(
    "a window is one of positions, whichever pairs are kept: what is out of it changes nothing",
    arguments: ["tiny-mistral", "tiny-gemma3"])
  func windowOverChosenPairs(name: String) throws {
    let (engine, reference) = try TinyModel.load(name)
    let whole = try TinyModel.cache(engine, reference.ids.count)
    _ = try engine.prefill(reference.ids, into: whole)
    let count = UInt32(reference.ids.count)
    // Within the windows of 12 positions all pairs are kept; before them none, or every third.
    func logits(keeping old: (UInt32) -> Bool) throws -> [Float] {
      let kept = try TinyModel.cache(engine, reference.ids.count + 1)
      for layer in 0..<engine.architecture.layers {
        let isWindowed = engine.architecture.window(ofLayer: layer) != nil
        let pairs = (0..<count).filter { !isWindowed || $0 > count - 12 || old($0) }
        for head in 0..<engine.architecture.kvHeads {
          var (keys, values) = ([UInt8](), [UInt8]())
          whole.gather(layer: layer, head: head, pairs: pairs[...], keys: &keys, values: &values)
          kept.restore(layer: layer, head: head, positions: pairs)
          kept.withKeys(layer: layer, head: head) { Self.copy(keys, to: &$0) }
          kept.withValues(layer: layer, head: head) { Self.copy(values, to: &$0) }
        }
      }
      kept.continue(at: reference.ids.count)
      return try engine.decode(reference.greedy[0], into: kept)
    }
    let expected = try engine.decode(reference.greedy[0], into: try grown(engine, reference))
    TinyModel.expectClose(try logits { _ in false }, expected, "without what is out of the window")
    TinyModel.expectClose(
      try logits { $0 % 3 == 0 }, expected, "with a third of what is out of the window")
  }

  /// A cache of all of a reference's tokens with room for one more.
  private func grown(_ engine: Engine, _ reference: Reference) throws -> KVCache {
    let cache = try TinyModel.cache(engine, reference.ids.count + 1)
    _ = try engine.prefill(reference.ids, into: cache)
    return cache
  }

  private static func copy(_ bytes: [UInt8], to memory: inout MutableRawSpan) {
    #expect(memory.byteCount == bytes.count)
    unsafe memory.withUnsafeMutableBytes { unsafe $0.copyBytes(from: bytes) }
  }
}
