import Inference
import ModelFiles
import TestSupport
import Testing

/// What transformers computed from a tiny model.
struct Reference: Decodable {
  struct Logits: Decodable {
    let position: Int
    let values: [Float]
  }
  struct Attention: Decodable {
    let layer, position: Int
    let queries, keys, values: [[Float]]
  }
  struct Architecture: Decodable {
    let layers, hidden, feedForward, heads, kvHeads, headDim, vocabulary, context: Int
  }
  let architecture: Architecture
  let ids: [Int]
  let meanNegativeLogLikelihood: Double
  let logits: [Logits]
  let attention: [Attention]
  let greedy: [Int]
}

@Suite("Tiny random models of all architectures and tensor types give what transformers gives")
struct TinyModelTests {
  /// A folder has its weights, and so its logits, in common with the GGUF of its name.
  private static let models =
    Fixtures.tinyModels + Fixtures.tinyFolders + Fixtures.architectures
    + Fixtures.architecturesInBoth.map { $0 + ".gguf" }
  /// One ISA rounds what quantised rows are multiplied by to 16 bits: that moves logits of up to 23
  /// by up to 0.0067 in these random models, where nothing dampens it.
  private static let isRounded = Runtime.kernels.isa == "avx512bf16"
  private static let tolerance: Float = isRounded ? 1e-2 : 1e-4

  private func load(_ name: String) throws -> (Engine, Reference) {
    let engine = try Engine(ModelFile(path: Fixtures.path("models/\(name)")))
    let stem = name.split(separator: ".")[0]
    return (engine, try Fixtures.json("models/\(stem).json"))
  }

  private func cache(_ engine: Engine, _ capacity: Int) throws -> KVCache {
    try KVCache(shape: engine.cacheShape, dtype: .f32, capacity: capacity)
  }

  @Test("logits agree at every recorded position", arguments: Self.models)
  func logits(name: String) throws {
    let (engine, reference) = try load(name)
    for expected in reference.logits {
      let cache = try cache(engine, reference.ids.count)
      let logits = try engine.prefill(Array(reference.ids[...expected.position]), into: cache)
      expectClose(logits, expected.values, "position \(expected.position)")
    }
  }

  @Test("layer by layer, queries of several sequences are those of each alone, to the last bit")
  func byLayer() throws {
    let (engine, _) = try load("tiny-llama-f32.gguf")
    // One within a chunk, one of several chunks, one token.
    let sequences = [40, Engine.chunk + 190, 1].map { length in
      (0..<length).map { $0 * 7 % 280 + 3 }
    }
    var byLayer: [[Float]] = []
    try engine.observeByLayer(sequences) { layer, matrix, count in
      if byLayer.count <= layer { byLayer.append([]) }
      byLayer[layer] += (0..<count).flatMap(matrix.copy(row:))
    }
    var expected = [[Float]](repeating: [], count: engine.architecture.layers)
    for sequence in sequences {
      try engine.observe(sequence, into: cache(engine, sequence.count)) { layer, matrix, count in
        expected[layer] += (0..<count).flatMap(matrix.copy(row:))
      }
    }
    #expect(byLayer == expected)
  }

  @Test("queries and keys after RoPE, and values, agree", arguments: Self.models)
  func attention(name: String) throws {
    let (engine, reference) = try load(name)
    let cache = try cache(engine, reference.ids.count)
    var queries: [[[Float]]] = []
    try engine.observe(reference.ids, into: cache) { _, matrix, count in
      queries.append((0..<count).map(matrix.copy(row:)))
    }
    for expected in reference.attention {
      expectClose(
        queries[expected.layer][expected.position], expected.queries.flatMap(\.self), "queries")
      for head in 0..<engine.architecture.kvHeads {
        let length = engine.architecture.keyLength
        let keys = cache.decodedKeys(layer: expected.layer, head: head)
        let start = expected.position * length
        expectClose(Array(keys[start..<start + length]), expected.keys[head], "keys")
        var (keyBytes, valueBytes) = ([UInt8](), [UInt8]())
        cache.gather(
          layer: expected.layer, head: head, pairs: [UInt32(expected.position)], keys: &keyBytes,
          values: &valueBytes)
        let values = unsafe valueBytes.withUnsafeBytes {
          unsafe Array($0.bindMemory(to: Float.self))
        }
        expectClose(values, expected.values[head], "values")
      }
    }
  }

  @Test("likelihood and greedy continuation agree", arguments: Self.models)
  func continuation(name: String) throws {
    let (engine, reference) = try load(name)
    let loss = try engine.negativeLogLikelihoods(
      reference.ids, into: try cache(engine, reference.ids.count)
    ).reduce(0, +)
    #expect(
      abs(loss / Double(reference.ids.count - 1) - reference.meanNegativeLogLikelihood)
        < (Self.isRounded ? 3e-4 : 1e-5))
    let cache = try cache(engine, reference.ids.count + reference.greedy.count)
    var sampler = Sampler(.init())
    var logits = try engine.prefill(reference.ids, into: cache)
    var ids: [Int] = []
    while ids.count < reference.greedy.count {
      ids.append(sampler.next(logits))
      logits = try engine.decode(ids[ids.count - 1], into: cache)
    }
    #expect(ids == reference.greedy)
  }

  @Test("one token at a time gives what a whole prompt gives")
  func chunking() throws {
    let (engine, reference) = try load("tiny-llama-q4_1.gguf")
    let whole = try engine.prefill(reference.ids, into: try cache(engine, reference.ids.count))
    let cache = try cache(engine, reference.ids.count)
    var last: [Float] = []
    for id in reference.ids { last = try engine.decode(id, into: cache) }
    expectClose(last, whole, "last logits", tolerance: Self.rounding(whole))
    #expect(cache.nextPosition == reference.ids.count)
  }

  private static func copy(_ bytes: [UInt8], to memory: inout MutableRawSpan) {
    #expect(memory.byteCount == bytes.count)
    unsafe memory.withUnsafeMutableBytes { unsafe $0.copyBytes(from: bytes) }
  }

  @Test("a cache of chosen pairs continues at the true position, not at the number of its pairs")
  func truePosition() throws {
    let (engine, reference) = try load("tiny-llama-q4_1.gguf")
    let whole = try cache(engine, reference.ids.count)
    _ = try engine.prefill(reference.ids, into: whole)
    let position = reference.ids.count - 1
    let length = engine.architecture.keyLength
    // The first layer's key depends on nothing but the token and its position.
    func key(continuingAt start: Int) throws -> ArraySlice<Float> {
      let kept = try cache(engine, 10)
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
    expectClose(Array(try key(continuingAt: position)), expected, "key at the true position")
    let misplaced = zip(try key(continuingAt: 3), expected).map { abs($0 - $1) }.max() ?? 0
    #expect(misplaced > 0.01)
  }

  @Test(
    "a window is one of positions, whichever pairs are kept: what is out of it changes nothing",
    arguments: ["tiny-mistral", "tiny-gemma3"])
  func windowOverChosenPairs(name: String) throws {
    let (engine, reference) = try load(name)
    let whole = try cache(engine, reference.ids.count)
    _ = try engine.prefill(reference.ids, into: whole)
    let count = UInt32(reference.ids.count)
    // Within the windows of 12 positions all pairs are kept; before them none, or every third.
    func logits(keeping old: (UInt32) -> Bool) throws -> [Float] {
      let kept = try cache(engine, reference.ids.count + 1)
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
    expectClose(try logits { _ in false }, expected, "without what is out of the window")
    expectClose(try logits { $0 % 3 == 0 }, expected, "with a third of what is out of the window")
  }

  /// A cache of all of a reference's tokens with room for one more.
  private func grown(_ engine: Engine, _ reference: Reference) throws -> KVCache {
    let cache = try cache(engine, reference.ids.count + 1)
    _ = try engine.prefill(reference.ids, into: cache)
    return cache
  }

  @Test(
    "several sequences that are decoded together give what each gives alone",
    arguments: [
      "tiny-llama-f32.gguf", "tiny-gemma3.gguf", "tiny-qwen2-window", "tiny-dynamic-rope",
    ])
  func batchedDecode(name: String) throws {
    let (engine, _) = try load(name)
    var random = SeededGenerator(seed: 6)
    let sequences = (0..<5).map { _ in (0..<50).map { _ in Int.random(in: 0..<256, using: &random) }
    }
    let caches = try sequences.map { try cache(engine, $0.count) }
    let together = try (0..<49).map { place in
      try engine.decodeBatch(
        sequences.map { $0[place] }, into: caches, next: sequences.map { $0[place + 1] })
    }
    for (index, sequence) in sequences.enumerated() {
      let alone = try cache(engine, sequence.count)
      for place in 0..<49 {
        let logits = try engine.decode(sequence[place], into: alone)
        let total = logarithm(logits.reduce(0) { $0 + exponential(Double($1)) })
        let loss = total - Double(logits[sequence[place + 1]])
        #expect(abs(together[place][index] - loss) < Double(Self.rounding(logits)), "\(place)")
      }
      #expect(caches[index].nextPosition == 49)
    }
  }

  @Test(
    "the last token's logits are those that come with all others'",
    arguments: ["tiny-llama-f32.gguf", "tiny-gemma3.gguf", "tiny-qwen2-window"],
    [1, 3, 4, 63, 64, 200, 1024, 1025, 1100])
  func lastOutput(name: String, count: Int) throws {
    let (engine, _) = try load(name)
    var random = SeededGenerator(seed: UInt64(count))
    let ids = (0...count).map { _ in Int.random(in: 0..<256, using: &random) }
    let logits = try engine.prefill(Array(ids[..<count]), into: try cache(engine, count))
    let all = try engine.negativeLogLikelihoods(ids, into: try cache(engine, count + 1))
    let greatest = logits.max() ?? 0
    let total = logits.reduce(0) { $0 + exponential(Double($1 - greatest)) }
    let loss = logarithm(total) + Double(greatest - logits[ids[count]])
    #expect(
      abs(loss - all[count - 1]) < Double(Self.rounding(logits)), "\(loss), \(all[count - 1])")
  }

  @Test("a prompt longer than a chunk gives what shorter chunks give")
  func longPrompt() throws {
    let (engine, _) = try load("tiny-llama-f32.gguf")
    var random = SeededGenerator(seed: 4)
    let ids = (0..<engine.architecture.contextLength * 2 + 100).map { _ in
      Int.random(in: 0..<256, using: &random)
    }
    let whole = try engine.prefill(ids, into: try cache(engine, ids.count))
    let cache = try cache(engine, ids.count)
    _ = try engine.prefill(Array(ids[..<700]), into: cache)
    expectClose(
      try engine.prefill(Array(ids[700...]), into: cache), whole, "last logits",
      tolerance: Self.rounding(whole))
  }

  @Test(
    "a long prompt in bfloat16 stays close to the same in float32", arguments: Fixtures.tinyModels)
  func rounding(name: String) throws {
    let (engine, reference) = try load(name)
    var random = SeededGenerator(seed: 5)
    let ids = (0..<200).map { _ in Int.random(in: 0..<256, using: &random) }
    let long = try engine.prefill(ids, into: try cache(engine, ids.count))
    // Parts of up to 50 tokens are too short to be rounded.
    let cache = try cache(engine, ids.count)
    var short: [Float] = []
    for start in stride(from: 0, to: ids.count, by: 50) {
      short = try engine.prefill(Array(ids[start..<start + 50]), into: cache)
    }
    #expect(reference.architecture.vocabulary == short.count)
    // Inputs are rounded by up to 2^-9. These models are random, and nothing makes their numbers
    // small: through two or three layers that becomes a few hundredths of the greatest logit.
    expectClose(long, short, "last logits", tolerance: Self.rounding(short))
  }

  /// How far rounding to bfloat16 may carry these models' numbers; nothing where it is not done.
  private static func rounding(_ expected: [Float]) -> Float {
    let greatest = expected.map(abs).max() ?? 0
    return isRounded ? 0.1 * greatest : tolerance
  }

  private func expectClose(
    _ result: [Float], _ expected: [Float], _ what: String, tolerance: Float = Self.tolerance
  ) {
    let worst = zip(result, expected).map { abs($0 - $1) }.max() ?? .infinity
    #expect(result.count == expected.count && worst <= tolerance, "\(what): \(worst)")
  }
}
