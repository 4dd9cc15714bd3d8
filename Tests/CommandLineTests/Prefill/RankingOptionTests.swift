import CacheCodec
import CacheFormat
import TestSupport
import Testing

@Suite("Sinks, recent window and whole layers say how many pairs a compressed cache holds")
struct RankingOptionTests {
  private static let layers = 2
  private static let kvHeads = 2

  @Test("each head holds tokens / N, never fewer than sinks + window, and all in whole layers")
  func counts() throws {
    let tiny = Fixtures.path("models/tiny-llama-f32.gguf")
    let scratch = try ScratchFolder()
    let text = try scratch.write(
      "text.txt", (1...16).map { "A line of text to be kept, number \($0).\n" }.joined().utf8)
    let bank = try scratch.filters(of: tiny, corpus: text)
    let snapshot = scratch.path("s.kvsnap")
    for (sinks, window, whole) in [(4, 64, 0), (0, 0, 0), (20, 100, 0), (0, 0, 1), (0, 0, 2)] {
      let saved = try Command.run(
        [
          "prefill", "--model", tiny, "--filters", bank, "--prompt-file", text, "--sinks",
          "\(sinks)", "--window", "\(window)", "--whole-layers", "\(whole)", "--out", snapshot,
          "--json",
        ])
      let tokens = try saved.json(as: Prefilled.self).tokens
      for compression in [2, 8, 32] {
        let resumed = try Command.run(
          [
            "resume", snapshot, "--model", tiny, "--prompt", "x", "--compression", "\(compression)",
            "--max-tokens", "1", "--json",
          ])
        // The question's one token is held in addition to the document's pairs.
        let compressed = max(tokens / compression, sinks + window) + 1
        let perHead = whole * (tokens + 1) + (Self.layers - whole) * compressed
        #expect(try resumed.json(as: Resumed.self).pairs == perHead * Self.kvHeads)
      }
    }
  }

  @Test(
    "whatever ranks, the file names it, and a compressed cache can be resumed",
    arguments: ScorerID.methods.map(\.name))
  func method(name: String) throws {
    let tiny = try TinyFiles.shared.get()
    let scratch = try ScratchFolder()
    let snapshot = scratch.path("s.kvsnap")
    let filters = ["q-filters", "linear"].contains(name) ? ["--filters", tiny.filters] : []
    let saved = try Command.run(
      [
        "prefill", "--model", tiny.model, "--method", name, "--prompt-file", tiny.text, "--out",
        snapshot,
      ] + filters)
    #expect(saved.status == 0, "\(saved.error)")
    let inspected = try Command.run("inspect", snapshot, "--json")
    #expect(try inspected.json(as: Inspected.self).scorer == name)
    let resumed = try Command.run(
      [
        "resume", snapshot, "--model", tiny.model, "--prompt", "x", "--compression", "2",
        "--max-tokens", "2", "--json",
      ])
    #expect(try resumed.json(as: Resumed.self).pairs > 0, "\(resumed.error)")
  }

  @Test("what a sliding window hides from all later tokens is dropped first, but not by the preset")
  func hidden() throws {
    let scratch = try ScratchFolder()
    let text = try scratch.write("text", String(repeating: "Some words of it. ", count: 8).utf8)
    let model = Fixtures.path("models/tiny-gemma3.gguf")
    // Five layers see 12 tokens, the sixth sees all.
    let (layers, window) = (0..<5, 12)
    for (options, ranksOutOfWindowLast) in [
      (["--sinks", "0", "--window", "0"], true), (["--ranking", "kvpress"], false),
    ] {
      let snapshot = scratch.path("s.kvsnap")
      let saved = try Command.run(
        [
          "prefill", "--model", model, "--method", "keydiff", "--prompt-file", text, "--out",
          snapshot,
        ] + options)
      #expect(saved.status == 0, "\(saved.error)")
      let chain = try SnapshotChain(path: snapshot)
      let tokens = chain.metadata.context.tokens
      for layer in layers {
        let kept = try chain.readLayer(layer, compression: 2).heads.flatMap(\.positions)
        let seen = kept.filter { Int($0) > tokens - window }.count
        let all = chain.metadata.context.kvHeads * min(window - 1, tokens / 2)
        #expect((seen == all) == ranksOutOfWindowLast, "layer \(layer): \(seen) of \(all)")
      }
    }
  }

  private struct Inspected: Decodable { let scorer: String }

  @Test(
    "the preset kvpress has no sinks, window, whole layers or turn, and takes no option for them"
  )
  func preset() throws {
    let tiny = try TinyFiles.shared.get()
    let scratch = try ScratchFolder()
    let (preset, options) = (scratch.path("preset.kvsnap"), scratch.path("options.kvsnap"))
    let named = try Command.run(tiny.prefill(out: preset) + ["--ranking", "kvpress"])
    let spelled = try Command.run(
      tiny.prefill(out: options)
        + ["--sinks", "0", "--window", "0", "--recent", "0", "--published-score"])
    #expect(named.status == 0 && spelled.status == 0, "\(named.error)\(spelled.error)")
    #expect(try bytes(of: preset) == bytes(of: options))
    let both = try Command.run(
      tiny.prefill(out: preset) + ["--ranking", "kvpress", "--window", "64"])
    #expect(both.status == 64 && both.error.contains("leave them out"), "\(both.error)")
  }
}
