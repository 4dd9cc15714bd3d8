import CacheCodec
import CacheFormat
import TestSupport
import Testing

@Suite("Recompress makes smaller snapshots without a model")
struct RecompressTests {
  private let scratch: ScratchFolder
  private let tiny = Fixtures.path("models/tiny-llama-f32.gguf")
  private let bank, text, whole: String

  init() throws {
    scratch = try ScratchFolder()
    text = try scratch.write(
      "text.txt", (1...14).map { "A line of text to be kept, number \($0).\n" }.joined().utf8)
    bank = try scratch.filters(of: tiny, corpus: text)
    whole = scratch.path("whole.kvsnap")
    try prefill(to: whole)
  }

  private func prefill(to path: String, _ arguments: String...) throws {
    let ranking = arguments.contains("--method") ? [] : ["--filters", bank]
    let result = try Command.run(
      ["prefill", "--model", tiny, "--prompt-file", text, "--out", path] + ranking + arguments)
    try #require(result.status == 0, "\(result.error)")
  }

  private func recompress(_ path: String, to out: String, _ arguments: String...) throws {
    let result = try Command.run(["recompress", path, "--out", out] + arguments)
    try #require(result.status == 0, "\(result.error)")
  }

  @Test("to the same thing: the same bytes", arguments: ["f16", "int8", "keys=int8,values=int4"])
  func same(precision: String) throws {
    let (old, new) = (scratch.path("a.kvsnap"), scratch.path("b.kvsnap"))
    try prefill(to: old, "--precision", precision)
    try recompress(old, to: new)
    #expect(try bytes(of: new) == bytes(of: old))
    try recompress(old, to: new, "--compression", "1", "--precision", precision)
    #expect(try bytes(of: new) == bytes(of: old))
  }

  @Test("to what prefill writes at that compression, precision and method")
  func equivalent() throws {
    let (made, new) = (scratch.path("a.kvsnap"), scratch.path("b.kvsnap"))
    for arguments in [
      ["--compression", "3"], ["--compression", "8"], ["--precision", "int4"],
      ["--compression", "2", "--precision", "4:f16,int8"], ["--method", "k-norm"],
      ["--method", "keydiff", "--compression", "4"], ["--method", "random", "--ranking-seed", "7"],
      ["--method", "streaming-llm", "--precision", "int8"],
    ] {
      let out = ["--model", tiny, "--prompt-file", text, "--out", made]
      let filters = arguments.contains("--method") ? [] : ["--filters", bank]
      let prefilled = try Command.run(["prefill"] + out + filters + arguments)
      #expect(prefilled.status == 0, "\(prefilled.error)")
      let result = try Command.run(["recompress", whole, "--out", new] + arguments)
      #expect(result.status == 0, "\(result.error)")
      #expect(try bytes(of: new) == bytes(of: made), "\(arguments)")
    }
  }

  @Test("heads with budgets of their own keep them", arguments: [2, 3, 8, 11, 100])
  func budgets(compression: Int) throws {
    let (old, new) = (
      Fixtures.path("conformance/valid/budgets.kvsnap"), scratch.path("new.kvsnap")
    )
    try recompress(old, to: new, "--compression", "\(compression)")
    for ratio in [compression, 16, 64] where ratio >= compression {
      let digests = ["verify", "--digests", "--compression", "\(ratio)"]
      #expect(
        try Command.run(digests + [new]).output == Command.run(digests + [old]).output, "×\(ratio)")
    }
  }

  @Test("a chain's heads have the share of the whole that they have in its snapshots")
  func chainBudgets() throws {
    let new = scratch.path("new.kvsnap")
    try recompress(Fixtures.path("conformance/valid/chain-budgets.kvsnap"), to: new)
    let tiers = try SnapshotReader(path: new).metadata.tiers
    // ×4 keeps 17 pairs of each head of the parent, and of the child 3, 3, 80 and 14.
    let kept = (0..<4).map { tiers.kept(compression: 4, layer: $0 / 2, head: $0 % 2) }
    #expect(kept == [20, 20, 97, 31].map { $0 * 4 * 41 / 168 })
  }

  @Test("what the snapshot does not hold is rejected with exit code 64, and nothing is written")
  func refusals() throws {
    let (x8, int8) = (scratch.path("x8.kvsnap"), scratch.path("int8.kvsnap"))
    try recompress(whole, to: x8, "--compression", "8")
    try recompress(whole, to: int8, "--precision", "int8")
    for arguments in [
      [x8, "--compression", "7"], [x8, "--method", "k-norm"], [int8, "--precision", "f16"],
      [int8, "--precision", "4:f16,int4"], [whole, "--precision", "f32"],
      [whole, "--precision", "int7"], [whole, "--compression", "0"],
      [whole, "--method", "k-norm", "--filters", bank], [whole, "--method", "q-filters"],
      [whole, "--method", "snapkv"], [whole, "--method", "expected-attention"],
    ] {
      let result = try Command.run(["recompress", "--out", scratch.path("no.kvsnap")] + arguments)
      #expect(result.status == 64, "\(arguments): \(result.error)")
      #expect(!result.error.isEmpty)
    }
    #expect(!scratch.contents.contains("no.kvsnap"))
  }

  @Test("inspect names scorer and precision")
  func inspect() throws {
    let new = scratch.path("a.kvsnap")
    try recompress(whole, to: new, "--method", "keydiff", "--precision", "8:f16,int8")
    let report = String(decoding: try Command.run("inspect", new).output, as: UTF8.self)
    #expect(report.contains("keydiff"))
    #expect(report.contains("int8"))
    #expect(try Command.run("verify", new).status == 0)
    let resumed = try Command.run(
      ["resume", new, "--model", tiny, "--prompt", "x", "--max-tokens", "2", "--decompressed"])
    #expect(resumed.status == 0, "\(resumed.error)")
  }
}
