import Foundation
import TestSupport
import Testing

@Suite("show prints what a snapshot's tokens say", .serialized)
struct ShowTests {
  private struct Report: Decodable {
    struct Turn: Decodable, Equatable { let role, text: String }
    let tokens: Int
    let turns: [Turn]
  }

  private let scratch: ScratchFolder
  private let model = Fixtures.path("models/tiny-llama-f32.gguf")

  init() throws { scratch = try ScratchFolder() }

  private func prefill(_ text: String, to name: String, _ options: String...) throws -> String {
    let file = try scratch.write("text.txt", text.utf8)
    let path = scratch.path(name)
    let result = try Command.run(
      ["prefill", "--model", model, "--method", "k-norm", "--prompt-file", file, "--out", path]
        + options)
    try #require(result.status == 0, "\(result.error)")
    return path
  }

  private func ask(_ snapshot: String, _ prompt: String, to name: String) throws -> String {
    struct Resumed: Decodable { let text: String }
    let result = try Command.run(
      [
        "resume", snapshot, "--model", model, "--prompt", prompt, "--max-tokens", "6", "--save",
        scratch.path(name), "--json",
      ])
    try #require(result.status == 0, "\(result.error)")
    return try result.json(as: Resumed.self).text
  }

  private func turns(_ snapshot: String, _ options: String...) throws -> [Report.Turn] {
    let result = try Command.run(["show", snapshot, "--model", model, "--json"] + options)
    try #require(result.status == 0, "\(result.error)")
    return try result.json(as: Report.self).turns
  }

  @Test("a text as it is, byte for byte, and what continues it")
  func plain() throws {
    let text = "A text\twith\u{1B}[31m what steers a terminal,\r\n lines and é.\n"
    let root = try prefill(text, to: "root.kvsnap")
    let result = try Command.run("show", root, "--model", model)
    #expect(String(decoding: result.output, as: UTF8.self) == text + "\n")
    let answer = try ask(root, "And more", to: "child.kvsnap")
    #expect(
      try turns(scratch.path("child.kvsnap")) == [
        .init(role: "text", text: text + "And more" + answer)
      ])
  }

  @Test("on a terminal, what could steer it is escaped", .enabled(if: Self.hasScript))
  func terminal() throws {
    let root = try prefill("One\u{1B}[31m\ntwo\tthree", to: "root.kvsnap")
    let result = try Command.shell(
      "script -qec \"$qfilters show '\(root)' --model '\(model)'\" /dev/null </dev/null")
    let text = String(decoding: result.output, as: UTF8.self)
    #expect(text.contains("One\\u{1B}[31m\r\ntwo\tthree"), "\(text)")
  }

  private static let hasScript = FileManager.default.isExecutableFile(atPath: "/usr/bin/script")

  @Test(
    "a conversation turn by turn: a document, questions and answers, over all snapshots of a chain")
  func conversation() throws {
    let root = try prefill("A document.", to: "root.kvsnap", "--chat")
    let system = Report.Turn(
      role: "system",
      text: "You are a helpful AI assistant named SmolLM, trained by Hugging Face")
    #expect(try turns(root) == [system, .init(role: "user", text: "A document.")])
    let first = try ask(root, "What is it?", to: "1.kvsnap")
    let second = try ask(scratch.path("1.kvsnap"), "And else?", to: "2.kvsnap")
    let expected = [
      system, .init(role: "user", text: "A document.\n\nWhat is it?"),
      .init(role: "assistant", text: first), .init(role: "user", text: "And else?"),
      .init(role: "assistant", text: second),
    ]
    let last = scratch.path("2.kvsnap")
    #expect(try turns(last) == expected)
    let whole = scratch.path("whole.kvsnap")
    #expect(try Command.run("recompress", last, "--out", whole).status == 0)
    #expect(try turns(whole) == expected)
    let shown = try Command.run("show", last, "--model", model)
    let text = String(decoding: shown.output, as: UTF8.self)
    #expect(
      text.contains("[user]\nA document.\n\nWhat is it?\n\n[assistant]\n\(first)\n"), "\(text)")
    // A child has all tokens itself.
    let elsewhere = try ScratchFolder()
    let alone = try elsewhere.write("2.kvsnap", bytes(of: last))
    #expect(try turns(alone) == expected)
  }

  @Test("in folders of the same model, too; weights are not read")
  func folder() throws {
    let root = try prefill("A document.", to: "root.kvsnap", "--chat")
    let folder = scratch.path("model")
    try FileManager.default.copyItem(
      atPath: Fixtures.path("models/tiny-llama-f32"), toPath: folder)
    try FileManager.default.removeItem(atPath: folder + "/model.safetensors")
    let result = try Command.run("show", root, "--model", folder, "--json")
    #expect(result.status == 0, "\(result.error)")
    #expect(try result.json(as: Report.self).turns.last?.text == "A document.")
  }

  @Test("what cannot be shown: the documented exit code and one sentence", .realModel)
  func refusals() throws {
    let root = try prefill("A document.", to: "root.kvsnap")
    var damaged = try bytes(of: root)
    let tokens = try #require(try Directory.read(damaged).first { $0.name == "TOKN" })
    damaged[tokens.offset] ^= 1
    let broken = try scratch.write("broken.kvsnap", damaged)
    let bank = Fixtures.path("conformance/valid/filters.qfilt")
    for (arguments, status, part) in [
      ([root], 64, "name the model with --model"), ([broken], 65, "TOKN"),
      ([broken, "--model", model], 65, "TOKN"), ([bank, "--model", model], 65, "filter bank"),
      ([scratch.path("no.kvsnap"), "--model", model], 66, "no.kvsnap"),
      ([root, "--model", scratch.path("no.gguf")], 66, "no.gguf"),
      ([root, "--model", root], 65, "root.kvsnap"),
      ([root, "--model", Demo.model], 78, "different tokenizer"),
    ] as [([String], Int32, String)] {
      let result = try Command.run(["show"] + arguments)
      #expect(result.status == status, "\(arguments): \(result.error)")
      #expect(result.error.contains(part), "\(arguments): \(result.error)")
      #expect(result.error.split(separator: "\n").count == 1 && result.output.isEmpty)
    }
  }
}
