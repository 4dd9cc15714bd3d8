import CacheCodec
import CacheFormat
import TestSupport
import Testing

@Suite("What kvpress' presses keep, our methods keep")
struct KVPressTests {
  private struct Golden: Decodable {
    struct Model: Decodable {
      let name: String
      let ids: [Int]
      /// Method → [layers][heads][kept positions].
      let kept: [String: [[[UInt32]]]]
    }

    let text: String
    let compression: Int
    let models: [Model]
  }

  @Test("in every layer and head of tiny models, to the last pair")
  func kept() throws {
    let golden: Golden = try Fixtures.json("golden/kvpress.json")
    let scratch = try ScratchFolder()
    let (text, snapshot) = (try scratch.write("text", golden.text.utf8), scratch.path("s.kvsnap"))
    for model in golden.models {
      for (method, kept) in model.kept {
        // Its press has four sinks; the others say with their scores what comes first.
        let sinks = method == "streaming-llm" ? "4" : "0"
        let saved = try Command.run(
          [
            "prefill", "--model", Fixtures.path("models/\(model.name)"), "--method", method,
            "--prompt-file", text, "--sinks", sinks, "--window", "0", "--precision", "f32", "--out",
            snapshot,
          ], environment: ["QFILTERS_KERNELS": "plain"])
        #expect(saved.status == 0, "\(saved.error)")
        let chain = try SnapshotChain(path: snapshot)
        #expect(chain.metadata.tokens.map(Int.init) == model.ids)
        for (layer, heads) in kept.enumerated() {
          let pairs = try chain.readLayer(layer, ratio: golden.compression)
          #expect(pairs.heads.map(\.positions) == heads, "\(model.name), \(method), layer \(layer)")
        }
      }
    }
  }
}
