import CacheCodec
import CacheFormat
import TestSupport
import Testing

@Suite("What a reference of KVzip, of the linear score and of budgets by head keeps, we keep")
struct RepeatKeptTests {
  private struct Golden: Decodable {
    struct Corpus: Decodable {
      let text: String
      let sequences, length: Int
    }

    struct Kept: Decodable {
      /// [layers][heads][positions], with equal budgets at `compression`.
      let equal: [[[UInt32]]]
      /// ×N → [layers][heads], with budgets by head.
      let counts: [String: [[Int]]]
      /// [layers][heads][positions], with budgets by head at ×8.
      let shared: [[[UInt32]]]
    }

    struct Model: Decodable {
      let name: String
      let ids: [Int]
      let methods: [String: Kept]
    }

    let text: String
    let corpus: Corpus
    let compression: Int
    let models: [Model]
  }

  private static let float32 = ["QFILTERS_KERNELS": "plain"]

  @Test("in every layer and head of tiny models, to the last pair", arguments: ["kvzip", "linear"])
  func kept(method: String) throws {
    let golden: Golden = try Fixtures.json("golden/repeat.json")
    let scratch = try ScratchFolder()
    #expect(golden.models.count == 2)
    for model in golden.models {
      let kept = try #require(model.methods[method])
      let filters = method == "linear" ? ["--filters", try bank(model, golden, in: scratch)] : []
      let preset = ["--ranking", "kvpress"]
      let equal = try snapshot(of: model, golden, method, filters + preset, in: scratch)
      try expect(kept.equal, in: equal, at: golden.compression, of: model, method)

      let window = ["--window", "16"]
      let shared = try snapshot(of: model, golden, method, filters + window, in: scratch)
      #expect(kept.counts.count == 3)
      for (compression, counts) in kept.counts {
        let compression = try #require(Int(compression))
        let found = try counts.indices.map { layer in
          try shared.readLayer(layer, compression: compression).heads.map(\.positions.count)
        }
        #expect(found == counts, "\(model.name), \(method), ×\(compression)")
      }
      try expect(kept.shared, in: shared, at: 8, of: model, method)
    }
  }

  private func expect(
    _ kept: [[[UInt32]]], in chain: SnapshotChain, at compression: Int, of model: Golden.Model,
    _ method: String
  ) throws {
    for (layer, heads) in kept.enumerated() {
      let pairs = try chain.readLayer(layer, compression: compression).heads.map(\.positions)
      // Equal tokens have equal keys before RoPE and equal values in the first layer.
      let areTied = method == "linear" && layer == 0
      func places(_ heads: [[UInt32]]) -> [[Int]] {
        heads.map { head in
          areTied ? head.map { model.ids[Int($0)] }.sorted() : head.map(Int.init)
        }
      }
      #expect(
        places(pairs) == places(heads), "\(model.name), \(method), ×\(compression), layer \(layer)")
    }
  }

  private func snapshot(
    of model: Golden.Model, _ golden: Golden, _ method: String, _ options: [String],
    in scratch: ScratchFolder
  ) throws -> SnapshotChain {
    let text = try scratch.write("text", golden.text.utf8)
    let path = scratch.path("s.kvsnap")
    let saved = try Command.run(
      [
        "prefill", "--model", Fixtures.path("models/\(model.name)"), "--method", method,
        "--prompt-file", text, "--precision", "f32", "--out", path,
      ] + options, environment: Self.float32)
    #expect(saved.status == 0, "\(saved.error)")
    let chain = try SnapshotChain(path: path)
    #expect(chain.metadata.tokens.map(Int.init) == model.ids)
    return chain
  }

  private func bank(
    _ model: Golden.Model, _ golden: Golden, in scratch: ScratchFolder
  ) throws -> String {
    let corpus = try scratch.write("corpus", golden.corpus.text.utf8)
    let bank = scratch.path("\(model.name).qfilt")
    let made = try Command.run(
      [
        "precompute", "--model", Fixtures.path("models/\(model.name)"), "--corpus", corpus,
        "--sequences", "\(golden.corpus.sequences)", "--length", "\(golden.corpus.length)", "--out",
        bank,
      ], environment: Self.float32)
    #expect(made.status == 0, "\(made.error)")
    return bank
  }
}
