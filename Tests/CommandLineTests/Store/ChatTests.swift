import Foundation
import TestSupport
import Testing

@Suite("A chat is saved turn by turn and continued by its name")
struct ChatTests {
  private static let model = Fixtures.path("models/tiny-llama-f32.gguf")
  let scratch: ScratchFolder
  let store: String

  init() throws {
    scratch = try ScratchFolder()
    store = scratch.path("store")
  }

  /// What a chat prints when lines are typed into it.
  private func chat(_ lines: [String], _ options: String...) throws -> Command.Result {
    let input = try scratch.write("lines", Array((lines.joined(separator: "\n") + "\n").utf8))
    let arguments =
      ["chat", "--model", Self.model, "--store", store, "--max-tokens", "5"] + options
    let words = arguments.map { "'\($0)'" }.joined(separator: " ")
    return try Command.shell("\"$qfilters\" \(words) < '\(input)'")
  }

  private struct List: Decodable {
    struct Entry: Decodable {
      let name: String
      let parent: String?
      let tokens: Int
    }
    let entries: [Entry]
    let bytes: Int
  }

  private func list() throws -> List {
    try Command.run("store", "list", "--store", store, "--json").json(as: List.self)
  }

  @Test("a named conversation goes on where it ended")
  func named() throws {
    let first = try chat(["w1 w2 w3", "w4 w5"], "--name", "letters")
    #expect(first.status == 0, "\(first.error)")
    let second = try chat(["w6"], "--name", "letters")
    #expect(second.status == 0)
    let entries = try list().entries
    #expect(entries.map(\.name) == ["letters~1", "letters~2", "letters~3"])
    #expect(entries.map(\.parent) == [nil, "letters~1", "letters~2"])
    let shown = try Command.run(
      "store", "show", "letters~3", "--store", store, "--model", Self.model)
    let text = String(decoding: shown.output, as: UTF8.self)
    for said in ["w1 w2 w3", "w4 w5", "w6"] { #expect(text.contains(said)) }
  }

  @Test("an unnamed conversation can be named later")
  func saved() throws {
    let result = try chat(["w1 w2 w3", "/save notes", "w4", "/nonsense", "/compression x", "/help"])
    #expect(result.status == 0, "\(result.error)")
    #expect(result.error.contains("/nonsense is not a command"))
    #expect(result.error.contains("x is not a number"))
    let entries = try list().entries
    #expect(entries.map(\.name).filter { !$0.hasPrefix("~") } == ["notes~1", "notes~2"])
    let taken = try chat(["w1", "/save notes"])
    #expect(taken.status == 0 && taken.error.contains("has a context notes already"))
  }

  @Test("a stored document is asked about at ×8")
  func document() throws {
    let text = try scratch.write(
      "book.txt", Array((0..<150).map { "w\($0 % 10)" }.joined(separator: " ").utf8))
    try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
    let prefill = try Command.run(
      "prefill", "--model", Self.model, "--method", "key-diff", "--chat", "--prompt-file", text,
      "--out", store + "/book.kvsnap")
    #expect(prefill.status == 0)
    let result = try chat(
      ["w1?", "/whole", "w2?"], "--document", "book", "--compression", "8", "--name", "q")
    #expect(result.status == 0, "\(result.error)")
    #expect(try list().entries.map(\.name) == ["book", "q~1", "q~2"])
    let missing = try chat(["w1?"], "--document", "other")
    #expect(missing.status == 66 && missing.error.contains("has no context other"))
  }

  @Test("store commands have the documented exit codes")
  func exitCodes() throws {
    #expect(try chat(["w1 w2 w3"], "--name", "a").status == 0)
    #expect(try chat(["w4"], "--name", "a").status == 0)
    func status(_ arguments: String...) throws -> Int32 {
      try Command.run(["store"] + arguments + ["--store", store]).status
    }
    #expect(try status("rm", "a~1") == 64)
    #expect(try status("rm", "b") == 66)
    #expect(try status("forget", "a~1") == 64)
    #expect(try status("forget", "a~1", "--force") == 64)
    #expect(try status("gc", "--limit", "x") == 64)
    #expect(try status("verify") == 0)
    let out = scratch.path("one.kvsnap")
    #expect(try status("export", "a~2", out) == 0)
    #expect(try status("add", out, "--name", "../a") == 64)
    #expect(try status("add", out, "--name", "one") == 0)
    #expect(try status("add", out, "--name", "one") == 64)
    var damaged = try bytes(of: store + "/a~1.kvsnap")
    damaged[damaged.count - 1] ^= 1
    try Data(damaged).write(to: URL(filePath: store + "/a~1.kvsnap"))
    #expect(try status("verify") == 65)
    #expect(try status("verify") == 0)
    #expect(try list().entries.map(\.name) == ["one"])
    #expect(try status("rm", "one") == 0)
  }
}
