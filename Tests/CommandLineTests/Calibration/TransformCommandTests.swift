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

  private func learn(_ model: String, _ out: String) throws -> Command.Result {
    try Command.run(
      ["transform", "--model", Fixtures.path("models/\(model)"), "--corpus"] + texts + [
        "--sequences", "4", "--length", "200", "--out", folder.path(out),
      ])
  }

  @Test(
    "two runs give the same valid file, whatever the architecture",
    arguments: ["tiny-llama-f32.gguf", "tiny-gemma3.gguf", "tiny-phi3", "tiny-qwen2-window"])
  func twice(model: String) throws {
    for name in ["a.qtrans", "b.qtrans"] { #expect(try learn(model, name).status == 0) }
    #expect(try bytes(of: folder.path("a.qtrans")) == bytes(of: folder.path("b.qtrans")))
    let verified = try Command.run("verify", folder.path("a.qtrans"))
    #expect(verified.status == 0)
    let report = try Command.run("inspect", folder.path("a.qtrans"))
    let lines = String(decoding: report.output, as: UTF8.self)
    #expect(lines.contains("components for") && lines.contains("1.txt"))
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
