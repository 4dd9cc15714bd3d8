import Foundation
import TestSupport
import Testing

@Suite("Memory", .serialized)
struct MemoryTests {
  /// What the command takes for the weights and for its work on one token.
  private static let base = Result {
    try measure(["generate", "--model", Demo.model, "--prompt", "x", "--max-tokens", "2"]).peak
  }

  private static func measure(_ arguments: [String]) throws -> (result: Command.Result, peak: Int) {
    let (result, peak) = try Command.measure(arguments)
    #expect(result.status == 0, "\(result.error)")
    return (result, peak)
  }

  /// Bytes of a cache in f16: 30 layers of 3 heads, whose keys and values have 64 elements each.
  private static func cache(_ tokens: Int) -> Int { tokens * 30 * 3 * (64 + 64) * 2 }

  private static func prefill(
    bytes: Int, to snapshot: String
  ) throws -> (tokens: Int, peak: Int) {
    let scratch = try ScratchFolder()
    let text = try scratch.write(
      "text.txt", try TestSupport.bytes(of: Demo.essay("worked")).prefix(bytes))
    let (result, peak) = try measure(
      [
        "prefill", "--model", Demo.model, "--method", "k-norm", "--prompt-file", text, "--out",
        snapshot, "--json",
      ])
    return (try result.json(as: Prefilled.self).tokens, peak)
  }

  @Test("a prefill takes the weights, the cache and a few blocks of it, not two caches", .realModel)
  func prefill() throws {
    let (scratch, base) = (try ScratchFolder(), try Self.base.get())
    let (tokens, peak) = try Self.prefill(bytes: 17_030, to: scratch.path("s.kvsnap"))
    #expect((4_050...4_150).contains(tokens))
    let cache = Self.cache(tokens)
    #expect(peak < base + cache + cache / 8 + 64 << 20, "\(peak) bytes, \(base) without a context")
  }

  @Test("a context of 7,600 tokens: what is resumed counts, not what is stored", .realModel)
  func longContext() throws {
    let (scratch, base) = (try ScratchFolder(), try Self.base.get())
    let (snapshot, small) = (scratch.path("s.kvsnap"), scratch.path("int8.kvsnap"))
    let (tokens, peak) = try Self.prefill(bytes: 31_500, to: snapshot)
    let cache = Self.cache(tokens)
    #expect(tokens > 7_500)
    #expect(peak < base + cache + cache / 8 + 64 << 20, "prefill: \(peak) bytes")

    let layer = cache / 30
    let recompressed = try Self.measure(
      ["recompress", snapshot, "--precision", "int8", "--out", small])
    #expect(recompressed.peak < 10 * layer, "recompress: \(recompressed.peak) bytes")
    let ranked = try Self.measure(
      ["recompress", snapshot, "--method", "keydiff", "--out", scratch.path("k.kvsnap")])
    #expect(ranked.peak < 10 * layer, "ranked anew: \(ranked.peak) bytes")
    let exported = try Self.measure(["export", snapshot, scratch.path("s.safetensors")])
    #expect(exported.peak < 10 * layer, "export: \(exported.peak) bytes")

    func resume(
      _ path: String, _ selection: [String], prompt: [String] = ["--prompt", " It says"],
      tokens: Int = 2, room: Int
    ) throws -> Int {
      let (result, peak) = try Command.measure(
        ["resume", path, "--model", Demo.model, "--json", "--max-tokens", "\(tokens)"] + prompt
          + selection)
      #expect(result.status == 0, "\(result.error)")
      let bytes = try result.json(as: Resumed.self).cacheBytes
      #expect(peak < base + bytes + room, "\(selection): \(peak) bytes for \(bytes)")
      return bytes
    }
    // Each core's decoder keeps a chunk or two; one of the last tier holds half of a layer's keys.
    let room = 32 << 20
    _ = try resume(snapshot, ["--decompressed"], room: room + 2 * layer)
    let all = try resume(small, ["--compression", "1"], room: room + 2 * layer)
    #expect(all < cache * 2 / 3)
    for compression in ["8", "32"] {
      _ = try resume(snapshot, ["--compression", compression], room: room)
    }
    // More than one token, so that recall looks ahead.
    _ = try resume(snapshot, ["--recall", "32"], tokens: 8, room: room + layer)

    // A turn of 400 tokens is ranked and written from where it is. One file of both takes one layer
    // at a time.
    let turn = try scratch.write(
      "turn.txt", try TestSupport.bytes(of: Demo.essay("love")).prefix(1_600))
    let child = scratch.path("child.kvsnap")
    _ = try resume(
      snapshot, ["--save", child], prompt: ["--prompt-file", turn], room: room + 2 * layer)
    let flattened = try Self.measure(["recompress", child, "--out", scratch.path("flat.kvsnap")])
    #expect(flattened.peak < 10 * layer, "flattened: \(flattened.peak) bytes")
  }

  @Test(
    "a transform takes its basis and a few groups of layers, not a second cache", .realModel)
  func transform() throws {
    let (scratch, base) = (try ScratchFolder(), try Self.base.get())
    let (snapshot, transform) = (scratch.path("s.kvsnap"), scratch.path("t.qtrans"))
    let text = try scratch.write(
      "text.txt", try TestSupport.bytes(of: Demo.essay("worked")).prefix(17_030))
    _ = try Self.measure(
      ["transform", "--model", Demo.model, "--corpus", text, "--sequences", "1", "--length", "128"]
        + ["--out", transform])
    let (result, prefilled) = try Self.measure(
      ["prefill", "--model", Demo.model, "--method", "k-norm", "--prompt-file", text, "--json"]
        + ["--precision", "transform", "--transform", transform, "--out", snapshot])
    let cache = Self.cache(try result.json(as: Prefilled.self).tokens)
    // Six groups of five layers, each with a square basis of 1,920 elements of 2 bytes.
    let (group, bases) = (cache / 6, 6 * 1920 * 1920 * 2)
    let room = 64 << 20 + 2 * bases + 3 * group
    #expect(prefilled < base + cache + cache / 8 + room, "prefill: \(prefilled) bytes")
    let resumed = try Self.measure(
      ["resume", snapshot, "--model", Demo.model, "--prompt", " It says", "--max-tokens", "2"]
        + ["--compression", "8"]
    ).peak
    #expect(resumed < base + cache / 8 + room, "resume: \(resumed) bytes")
    let exported = try Self.measure(["export", snapshot, scratch.path("s.safetensors")]).peak
    #expect(exported < room, "export: \(exported) bytes")
  }

  @Test(
    "calibration of a model of 800 MB peaks below a fifth of that: layers are freed one by one")
  func calibration() throws {
    let scratch = try ScratchFolder()
    let model = try SparseModel(in: scratch, layers: 20)
    #expect(model.bytes > 800 << 20)
    let text = try scratch.write("t.txt", String(repeating: "Some text. ", count: 200).utf8)
    func peak(_ options: String..., out: String) throws -> Int {
      let (result, peak) = try Command.measure(
        [
          "precompute", "--model", model.path, "--corpus", text, "--sequences", "2", "--length",
          "64", "--out", scratch.path(out),
        ] + options)
      #expect(result.status == 0, "\(result.error)")
      return peak
    }
    let filters = try peak("--no-budgets", out: "filters.qstat")
    #expect(filters < model.bytes / 5, "\(filters) of \(model.bytes) bytes")
    // The sums from which budgets are learnt are whole matrices, and halves of them in the file.
    let both = try peak(out: "both.qstat")
    let sums = try TestSupport.bytes(of: scratch.path("both.qstat")).count
    #expect(both < filters + 4 * sums, "\(both) bytes with \(sums) bytes of sums")
  }
}
