import TestSupport
import Testing

@Suite("transform learns from texts of several kinds")
struct TransformCommandTests {
  private let folder: ScratchFolder
  private let texts: [String]

  init() throws {
    let folder = try ScratchFolder()
    self.folder = folder
    texts = try (0..<2).map { kind in
      let words = (0..<600).map { "word\($0 * (kind + 3) % 97)" }
      return try folder.write("\(kind).txt", words.joined(separator: " ").utf8)
    }
  }

  private func learn(
    _ model: String, _ out: String, _ options: String...
  ) throws -> Command.Result {
    try Command.run(
      ["transform", "--model", Fixtures.path("models/\(model)"), "--corpus"] + texts + [
        "--sequences", "4", "--length", "200", "--out", folder.path(out),
      ] + options)
  }

  @Test(
    "two runs give the same valid file, whatever the architecture",
    arguments: ["tiny-llama-f32.gguf", "tiny-gemma3.gguf", "tiny-phi3", "tiny-qwen2-window"])
  func twice(model: String) throws {
    for name in ["a.qtrans", "b.qtrans"] { #expect(try learn(model, name).status == 0) }
    #expect(try bytes(of: folder.path("a.qtrans")) == bytes(of: folder.path("b.qtrans")))
    let verified = try Command.run("verify", folder.path("a.qtrans"))
    #expect(verified.status == 0)
    let few = try learn(model, "b.qtrans")
    #expect(few.error.contains("800 tokens are few"), "\(few.error)")
    let report = try Command.run("inspect", folder.path("a.qtrans"))
    let lines = String(decoding: report.output, as: UTF8.self)
    #expect(lines.contains("bits of a position") && lines.contains("1.txt"))
  }

  @Test("shards, merged in any order, give the bytes of one run")
  func shards() throws {
    let model = "tiny-llama-f32.gguf"
    #expect(try learn(model, "whole.qtrans").status == 0)
    for shard in 1...3 {
      #expect(try learn(model, "\(shard).qtsum", "--shard", "\(shard)/3").status == 0)
    }
    let paths = ["1", "2", "3"].map { folder.path("\($0).qtsum") }
    #expect(try Command.run(["verify"] + paths).status == 0)
    let whole = try bytes(of: folder.path("whole.qtrans"))
    for order in [[0, 1, 2], [2, 0, 1]] {
      let out = folder.path("merged.qtrans")
      let result = try Command.run(["merge"] + order.map { paths[$0] } + ["--out", out])
      #expect(result.status == 0, "\(result.error)")
      #expect(try bytes(of: out) == whole)
    }
    let part = folder.path("part.qtsum")
    #expect(try Command.run(["merge", paths[1], paths[2], "--out", part]).status == 0)
    let missing = try Command.run(["merge", part, "--out", folder.path("x.qtrans")])
    #expect(missing.status == 1)
    #expect(missing.error.contains("missing"))
    let twice = try Command.run(["merge", part, paths[1], "--out", folder.path("x.qtsum")])
    #expect(twice.error.contains("summed in another file already"))
    let asBank = try Command.run(["merge", part, "--out", folder.path("x.qfilt")])
    #expect(asBank.status == 64 && asBank.error.contains(".qtsum"), "\(asBank.error)")
  }

  @Test("every text gives a sequence, or is named")
  func everyKind() throws {
    let short = try folder.write("short.txt", "a few words".utf8)
    let model = Fixtures.path("models/tiny-llama-f32.gguf")
    func learn(_ texts: [String], sequences: Int) throws -> Command.Result {
      try Command.run(
        ["transform", "--model", model, "--corpus"] + texts + ["--length", "200"]
          + ["--sequences", "\(sequences)", "--out", folder.path("d.qtrans")])
    }
    let left = try learn(texts + [short], sequences: 4)
    #expect(left.status == 1)
    #expect(left.error.contains("\(short) has"), "\(left.error)")
    #expect(left.error.contains("a sequence needs 200"), "\(left.error)")
    #expect(try learn(texts, sequences: 1).status == 64)
    #expect(!folder.contents.contains("d.qtrans"))
  }

  @Test("a text that is too short gives a message and no file")
  func short() throws {
    let text = try folder.write("short.txt", "a few words".utf8)
    let model = Fixtures.path("models/tiny-llama-f32.gguf")
    let result = try Command.run(
      ["transform", "--model", model, "--corpus", text, "--length", "200"]
        + ["--out", folder.path("c.qtrans")])
    #expect(result.status != 0)
    #expect(!folder.contents.contains("c.qtrans"))
  }
}
