import Glibc
import ModelFiles
import TestSupport
import Testing

@testable import Inference

@Suite("How much attention pairs get")
struct AccumulatedAttentionTests {
  @Test("sums softmax weights over tokens and query heads, as plain arithmetic does")
  func plain() throws {
    for seed in UInt64(1)...10 {
      var random = SeededGenerator(seed: seed)
      let engine = try Engine(ModelFile(path: Fixtures.path("models/tiny-llama-f32.gguf")))
      let model = engine.architecture
      let tokens = (0..<Int.random(in: 2...90, using: &random)).map { _ in
        Int.random(in: 0..<model.vocabularySize, using: &random)
      }
      let split = Int.random(in: 0..<tokens.count, using: &random)
      let cache = try KVCache(shape: engine.cacheShape, dtype: .f32, capacity: tokens.count)
      if split > 0 { _ = try engine.prefill(Array(tokens[..<split]), into: cache) }
      let attention = try AccumulatedAttention(model, pairs: tokens.count)
      var expected: [[Float]] = []
      _ = try engine.prefill(
        Array(tokens[split...]), into: cache,
        observe: { layer, queries, count in
          attention.add(layer: layer, queries: queries, count: count, cache: cache)
          for head in 0..<model.kvHeads {
            expected.append(Self.sums(layer: layer, head: head, queries, count, cache, model))
          }
        })
      for (index, sums) in expected.enumerated() {
        let (layer, head) = index.quotientAndRemainder(dividingBy: model.kvHeads)
        let actual = attention.sums(layer: layer, head: head, pairs: tokens.count)
        let error = zip(actual, sums).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
        #expect(error < 1e-3, "seed \(seed), layer \(layer), head \(head)")
      }
    }
  }

  private static func sums(
    layer: Int, head: Int, _ queries: Matrix, _ count: Int, _ cache: KVCache,
    _ model: ModelConfig
  ) -> [Float] {
    let keys = cache.decodedKeys(layer: layer, head: head)
    let (length, pairs) = (model.keyLength, keys.count / model.keyLength)
    var sums = [Float](repeating: 0, count: pairs)
    for token in 0..<count {
      let row = queries.copy(row: token)
      for member in 0..<model.group {
        let start = (head * model.group + member) * length
        let weights = (0..<pairs - count + token + 1).map { pair in
          let product = (0..<length).reduce(Float(0)) {
            $0 + row[start + $1] * keys[pair * length + $1]
          }
          return exp(Double(product) / Double(length).squareRoot())
        }
        let total = weights.reduce(0, +)
        for (pair, weight) in weights.enumerated() { sums[pair] += Float(weight / total) }
      }
    }
    return sums
  }
}

@Suite("Keeping some pairs")
struct KeptPairsTests {
  @Test("what is kept is what it was, on random choices, and a copy holds the same")
  func keep() throws {
    let shape = KVCache.Shape(layers: 1, kvHeads: 2, keyLength: 6, valueLength: 4)
    for seed in UInt64(1)...20 {
      var random = SeededGenerator(seed: seed)
      let count = Int.random(in: 1...2000, using: &random)
      let cache = try KVCache(shape: shape, dtype: .f32, capacity: count)
      for head in 0..<2 {
        cache.restore(layer: 0, head: head, positions: (0..<UInt32(count)).map { $0 })
        cache.withKeys(layer: 0, head: head) { span in
          for index in 0..<count * 6 {
            span.storeBytes(of: Float(index + head), toByteOffset: index * 4, as: Float.self)
          }
        }
      }
      let kept = (0..<count).filter { _ in Bool.random(using: &random) }
      let copy = try cache.copy(
        keeping: [kept.map(UInt32.init), []], room: 1)
      cache.keep(layer: 0, head: 0, pairs: kept)
      let expected = kept.flatMap { pair in (0..<6).map { Float(pair * 6 + $0) } }
      #expect(cache.decodedKeys(layer: 0, head: 0) == expected, "seed \(seed)")
      #expect(copy.decodedKeys(layer: 0, head: 0) == expected, "seed \(seed)")
      #expect(copy.count(layer: 0, head: 1) == 0)
      #expect(cache.count(layer: 0, head: 1) == count)
    }
  }
}
