import Inference
import ModelFiles
import TestSupport
import Testing

@Suite("Tiny random models of all architectures and tensor types give what transformers gives")
struct TinyModelTests {
  /// A folder has its weights, and so its logits, in common with the GGUF of its name.
  private static let models =
    Fixtures.tinyModels + Fixtures.tinyFolders + Fixtures.architectures
    + Fixtures.architecturesInBoth.map { $0 + ".gguf" }

  @Test("logits agree at every recorded position", arguments: Self.models)
  func logits(name: String) throws {
    let (engine, reference) = try TinyModel.load(name)
    for expected in reference.logits {
      let cache = try TinyModel.cache(engine, reference.ids.count)
      let logits = try engine.prefill(Array(reference.ids[...expected.position]), into: cache)
      TinyModel.expectClose(logits, expected.values, "position \(expected.position)")
    }
  }

  @Test("queries and keys after RoPE, and values, agree", arguments: Self.models)
  func attention(name: String) throws {
    let (engine, reference) = try TinyModel.load(name)
    let cache = try TinyModel.cache(engine, reference.ids.count)
    var queries: [[[Float]]] = []
    try engine.observe(reference.ids, into: cache) { _, matrix, count in
      queries.append((0..<count).map(matrix.copy(row:)))
    }
    for expected in reference.attention {
      TinyModel.expectClose(
        queries[expected.layer][expected.position], expected.queries.flatMap(\.self), "queries")
      for head in 0..<engine.architecture.kvHeads {
        let length = engine.architecture.keyLength
        let keys = cache.decodedKeys(layer: expected.layer, head: head)
        let start = expected.position * length
        TinyModel.expectClose(Array(keys[start..<start + length]), expected.keys[head], "keys")
        var (keyBytes, valueBytes) = ([UInt8](), [UInt8]())
        cache.gather(
          layer: expected.layer, head: head, pairs: [UInt32(expected.position)], keys: &keyBytes,
          values: &valueBytes)
        let values = unsafe valueBytes.withUnsafeBytes {
          unsafe Array($0.bindMemory(to: Float.self))
        }
        TinyModel.expectClose(values, expected.values[head], "values")
      }
    }
  }

  @Test("likelihood and greedy continuation agree", arguments: Self.models)
  func continuation(name: String) throws {
    let (engine, reference) = try TinyModel.load(name)
    let loss = try engine.negativeLogLikelihoods(
      reference.ids, into: try TinyModel.cache(engine, reference.ids.count)
    ).reduce(0, +)
    #expect(
      abs(loss / Double(reference.ids.count - 1) - reference.meanNegativeLogLikelihood)
        < (TinyModel.isRounded ? 3e-4 : 1e-5))
    let cache = try TinyModel.cache(engine, reference.ids.count + reference.greedy.count)
    var sampler = Sampler(.init())
    var logits = try engine.prefill(reference.ids, into: cache)
    var ids: [Int] = []
    while ids.count < reference.greedy.count {
      ids.append(sampler.next(logits))
      logits = try engine.decode(ids[ids.count - 1], into: cache)
    }
    #expect(ids == reference.greedy)
  }
}
