import Foundation
import TestSupport
import Testing

@Suite("An export's model card", .serialized)
struct ModelCardCommandTests {
  private let tiny: TinyFiles
  private let scratch: ScratchFolder
  private let folder: String

  init() throws {
    (tiny, scratch) = (try TinyFiles.shared.get(), try ScratchFolder())
    folder = scratch.path("tiny_qfilt")
  }

  private func export(_ options: [String] = []) throws -> Command.Result {
    try Command.run(["export", tiny.filters, folder] + options)
  }

  private var card: String {
    get throws { String(decoding: try bytes(of: folder + "/README.md"), as: UTF8.self) }
  }

  @Test("has licence, model, corpus and repository; a new export keeps what is not given anew")
  func facts() throws {
    let bare = try export()
    #expect(bare.status == 0 && bare.error.contains("give --base-model and --license"))
    #expect(try card.contains("UPLOAD = \"tiny_qfilt\"  # the folder, or"))
    let full = try export([
      "--base-model", "owner/tiny", "--license", "mit", "--corpus", "Lines", "--repository",
      "me/tiny_qfilt",
    ])
    #expect(full.status == 0 && full.error.isEmpty, "\(full.error)")
    let text = try card
    #expect(text.contains("\nlicense: mit\nbase_model: owner/tiny\n"))
    #expect(text.contains("UPLOAD = \"me/tiny_qfilt\"\n") && text.contains("tokens of Lines."))
    #expect(try export().error.isEmpty)
    #expect(try card == text)
    #expect(try export(["--license", "apache-2.0"]).error.isEmpty)
    #expect(try card.contains("license: apache-2.0\nbase_model: owner/tiny\n"))
  }

  @Test("an edited card stays, and its reader hears whether it names the bank; --force replaces it")
  func edited() throws {
    _ = try export(["--license", "mit"])
    let text = try card
    let edited = text.replacing("# Q-Filters", with: "# My Q-Filters")
    try Data(edited.utf8).write(to: URL(filePath: folder + "/README.md"))
    let kept = try export(["--license", "apache-2.0"])
    #expect(kept.status == 0 && kept.error.contains("README.md was edited, and stays as it is\n"))
    #expect(try card == edited)
    try Data("# My page\n".utf8).write(to: URL(filePath: folder + "/README.md"))
    let other = try export(["--json"])
    #expect(other.error.contains("it does not name this filter bank"))
    struct Report: Decodable { let card: String }
    #expect(try other.json(as: Report.self).card == "keptOfOtherBank")
    #expect(try card == "# My page\n")
    #expect(try export(["--force", "--license", "mit"]).status == 0)
    #expect(try card == text)
  }

  @Test("a page alone is kept with the filters next to it; a link is not written through")
  func pages() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data("# My page\n".utf8).write(to: URL(filePath: folder + "/README.md"))
    #expect(try export().status == 0)
    #expect(try card == "# My page\n")
    let target = try scratch.write("target", "kept".utf8)
    let weights = folder + "/model.safetensors"
    try FileManager.default.removeItem(atPath: weights)
    try FileManager.default.createSymbolicLink(atPath: weights, withDestinationPath: target)
    let link = try export()
    #expect(link.status == 64 && link.error.contains("model.safetensors is a symbolic link"))
    #expect(try export(["--force"]).status == 0)
    #expect(try bytes(of: target) == Array("kept".utf8))
  }

  @Test("a model that the bank does not belong to: 78; options of cards for a snapshot: 64")
  func refusals() throws {
    let other = try export(["--model", Fixtures.path("models/tiny-llama-q8_0.gguf")])
    #expect(other.status == 78 && other.error.contains("identity mismatch"), "\(other.error)")
    #expect(!scratch.contents.contains("tiny_qfilt"))
    #expect(try export(["--model", tiny.model]).status == 0)
    for option in [
      ["--base-model", "tiny"], ["--repository", "a/b/c"], ["--license", ""],
      ["--corpus", "a\nb"],
    ] {
      #expect(try export(option).status == 64)
    }
    let snapshot = try Command.run(
      "export", tiny.snapshot, scratch.path("a.safetensors"), "--license", "mit")
    #expect(snapshot.status == 64 && snapshot.error.contains("are for filter banks"))
  }

  @Test("the card's Python is valid, and loads the repository that was named")
  func snippet() throws {
    _ = try export(["--repository", "me/tiny_qfilt"])
    // Stubs of kvpress' interface: which names are imported, what is called, with what.
    let stub = """
      import re, sys, types
      class Loaded:
          def __init__(self, name): self.q_filters = self; self.name = name
          def to(self, dtype): return (self.name, dtype)
      class QFilters:
          from_pretrained = staticmethod(Loaded)
      class QFilterPress:
          def __init__(self, compression_ratio): self.compression_ratio = compression_ratio
      for name in ("kvpress", "kvpress.presses", "kvpress.presses.qfilter_press"):
          sys.modules[name] = types.ModuleType(name)
      sys.modules["kvpress"].QFilterPress = QFilterPress
      sys.modules["kvpress.presses.qfilter_press"].QFilters = QFilters
      space = {}
      page = open(sys.argv[1], encoding="utf-8").read()
      exec(re.search("```python\\n(.*?)```", page, re.S)[1], space)
      press = space["press"]
      press.post_init_from_model(types.SimpleNamespace(dtype="f32"))
      print(type(press).__mro__[1].__name__, press.compression_ratio, *press.q_filters)
      """
    let script = try scratch.write("stub.py", stub.utf8)
    let result = try Command.shell("python3 '\(script)' '\(folder)/README.md'")
    #expect(result.status == 0, "\(result.error)")
    #expect(
      String(decoding: result.output, as: UTF8.self) == "QFilterPress 0.5 me/tiny_qfilt f32\n")
  }
}
