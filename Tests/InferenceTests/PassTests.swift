import Inference
import ModelFiles
import TestSupport
import Testing

@Suite("A sequence gives the same, however it is cut into passes")
struct PassTests {
  @Test("one token at a time gives what a whole prompt gives")
  func chunking() throws {
    let (engine, reference) = try TinyModel.load("tiny-llama-q4_1.gguf")
    let whole = try engine.prefill(
      reference.ids, into: try TinyModel.cache(engine, reference.ids.count))
    let cache = try TinyModel.cache(engine, reference.ids.count)
    var last: [Float] = []
    for id in reference.ids { last = try engine.decode(id, into: cache) }
    TinyModel.expectClose(last, whole, "last logits", tolerance: TinyModel.rounding(whole))
    #expect(cache.nextPosition == reference.ids.count)
  }

  @Test("a prompt longer than a chunk gives what shorter chunks give")
  func longPrompt() throws {
    let (engine, _) = try TinyModel.load("tiny-llama-f32.gguf")
    var random = SeededGenerator(seed: 4)
    let ids = (0..<engine.architecture.contextLength * 2 + 100).map { _ in
      Int.random(in: 0..<256, using: &random)
    }
    let whole = try engine.prefill(ids, into: try TinyModel.cache(engine, ids.count))
    let cache = try TinyModel.cache(engine, ids.count)
    _ = try engine.prefill(Array(ids[..<700]), into: cache)
    TinyModel.expectClose(
      try engine.prefill(Array(ids[700...]), into: cache), whole, "last logits",
      tolerance: TinyModel.rounding(whole))
  }

  @Test(
    "the last token's logits are those that come with all others'",
    arguments: ["tiny-llama-f32.gguf", "tiny-gemma3.gguf", "tiny-qwen2-window"],
    [1, 3, 4, 63, 64, 200, 1024, 1025, 1100])
  func lastOutput(name: String, count: Int) throws {
    let (engine, _) = try TinyModel.load(name)
    var random = SeededGenerator(seed: UInt64(count))
    let ids = (0...count).map { _ in Int.random(in: 0..<256, using: &random) }
    let logits = try engine.prefill(Array(ids[..<count]), into: try TinyModel.cache(engine, count))
    let all = try engine.negativeLogLikelihoods(ids, into: try TinyModel.cache(engine, count + 1))
    let greatest = logits.max() ?? 0
    let total = logits.reduce(0) { $0 + exponential(Double($1 - greatest)) }
    let loss = logarithm(total) + Double(greatest - logits[ids[count]])
    #expect(
      abs(loss - all[count - 1]) < Double(TinyModel.rounding(logits)), "\(loss), \(all[count - 1])")
  }

  @Test(
    "layer by layer, what follows pays pairs the attention that it pays a finished cache",
    arguments: ["tiny-llama-f32.gguf", "tiny-gemma3.gguf"], [20, 520])
  func followUpsByLayer(model: String, watched: Int) throws {
    let (engine, _) = try TinyModel.load(model)
    let context = (0..<1200).map { $0 * 7 % 280 + 3 }
    // Together a few rows, which are not rounded, or more than a chunk.
    let followUps = [0..<watched, watched..<watched * 2, 5..<watched / 2].map {
      FollowUp(tokens: [5, 9] + context[$0], watched: $0)
    }
    let cache = try TinyModel.cache(engine, context.count + watched + 2)
    _ = try engine.prefill(context, into: cache)
    let peaks = try AttentionPeaks(engine.architecture, pairs: context.count)
    for followUp in followUps { try engine.lookBack(followUp, at: cache, peaks: peaks) }
    #expect(cache.nextPosition == context.count)
    let heads = engine.architecture.kvHeads
    #expect(cache.pairs == context.count * engine.architecture.layers * heads)
    let sequence = FollowedSequence(context, followUps: followUps)
    let tolerance: Float = watched > 100 && TinyModel.isRounded ? 0.2 : 1e-3
    try engine.observeByLayer([sequence]) { _, _, _ in
    } followed: { layer, cache, byLayer in
      #expect(cache.count(layer: layer, head: 0) == context.count)
      for head in 0..<heads {
        let expected = peaks.logarithms(layer: layer, head: head)
        // Pairs that are hardly looked at do not count.
        TinyModel.expectClose(
          byLayer[head].map { max($0, -20) }, expected.map { max($0, -20) },
          "layer \(layer), head \(head)", tolerance: tolerance)
        #expect(expected.contains { $0 > -5 && $0 <= 0.01 }, "some pair is looked at")
      }
    }
  }

  @Test("layer by layer, queries of several sequences are those of each alone, to the last bit")
  func byLayer() throws {
    let (engine, _) = try TinyModel.load("tiny-llama-f32.gguf")
    // One within a chunk, one of several chunks, one token.
    let sequences = [40, Engine.chunk + 190, 1].map { length in
      (0..<length).map { $0 * 7 % 280 + 3 }
    }
    var byLayer: [[Float]] = []
    try engine.observeByLayer(sequences.map { FollowedSequence($0) }) { layer, matrix, count in
      if byLayer.count <= layer { byLayer.append([]) }
      byLayer[layer] += (0..<count).flatMap(matrix.copy(row:))
    } followed: { _, _, _ in
      Issue.record("nothing is repeated")
    }
    var expected = [[Float]](repeating: [], count: engine.architecture.layers)
    for sequence in sequences {
      try engine.observe(sequence, into: TinyModel.cache(engine, sequence.count)) {
        layer, matrix, count in
        expected[layer] += (0..<count).flatMap(matrix.copy(row:))
      }
    }
    #expect(byLayer == expected)
  }

  @Test(
    "several sequences that are decoded together give what each gives alone",
    arguments: [
      "tiny-llama-f32.gguf", "tiny-gemma3.gguf", "tiny-qwen2-window", "tiny-dynamic-rope",
    ])
  func batchedDecode(name: String) throws {
    let (engine, _) = try TinyModel.load(name)
    var random = SeededGenerator(seed: 6)
    let sequences = (0..<5).map { _ in (0..<50).map { _ in Int.random(in: 0..<256, using: &random) }
    }
    let caches = try sequences.map { try TinyModel.cache(engine, $0.count) }
    let together = try (0..<49).map { place in
      try engine.decodeBatch(
        sequences.map { $0[place] }, into: caches, next: sequences.map { $0[place + 1] })
    }
    for (index, sequence) in sequences.enumerated() {
      let alone = try TinyModel.cache(engine, sequence.count)
      for place in 0..<49 {
        let logits = try engine.decode(sequence[place], into: alone)
        let total = logarithm(logits.reduce(0) { $0 + exponential(Double($1)) })
        let loss = total - Double(logits[sequence[place + 1]])
        #expect(abs(together[place][index] - loss) < Double(TinyModel.rounding(logits)), "\(place)")
      }
      #expect(caches[index].nextPosition == 49)
    }
  }

  @Test(
    "a long prompt in bfloat16 stays close to the same in float32", arguments: Fixtures.tinyModels)
  func rounding(name: String) throws {
    let (engine, reference) = try TinyModel.load(name)
    var random = SeededGenerator(seed: 5)
    let ids = (0..<200).map { _ in Int.random(in: 0..<256, using: &random) }
    let long = try engine.prefill(ids, into: try TinyModel.cache(engine, ids.count))
    // Parts of up to 50 tokens are too short to be rounded.
    let cache = try TinyModel.cache(engine, ids.count)
    var short: [Float] = []
    for start in stride(from: 0, to: ids.count, by: 50) {
      short = try engine.prefill(Array(ids[start..<start + 50]), into: cache)
    }
    #expect(reference.architecture.vocabulary == short.count)
    // Inputs are rounded by up to 2^-9. These models are random, and nothing makes their numbers
    // small: through two or three layers that becomes a few hundredths of the greatest logit.
    TinyModel.expectClose(long, short, "last logits", tolerance: TinyModel.rounding(short))
  }
}
