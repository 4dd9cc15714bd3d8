import Foundation
import TestSupport
import Testing

@Suite(
  "Bad input gives one clear sentence, the documented exit code, and leaves nothing", .serialized)
struct RefusalTests {
  private let tiny = Fixtures.path("models/tiny-llama-f32.gguf")
  private let scratch: ScratchFolder
  private let filters: String
  private let text: String
  private let snapshot: String

  init() throws {
    scratch = try ScratchFolder()
    snapshot = scratch.path("tiny.kvsnap")
    text = try scratch.write(
      "text.txt", String(repeating: "A line of text to be kept.\n", count: 8).utf8)
    filters = try scratch.filters(of: tiny, corpus: text)
    let saved = try Command.run(
      ["prefill", "--model", tiny, "--filters", filters, "--prompt-file", text, "--out", snapshot])
    guard saved.status == 0 else { throw CommandFailed(message: saved.error) }
  }

  private func expect(_ result: Command.Result, status: Int32, _ parts: String...) {
    #expect(result.signal == nil)
    #expect(result.status == status, "\(result.error)")
    for part in parts { #expect(result.error.contains(part), "\(result.error)") }
    #expect(result.output.isEmpty)
  }

  private func resume(_ snapshot: String, model: String, prompt: String = "x") throws
    -> Command.Result
  {
    try Command.run(["resume", snapshot, "--model", model, "--prompt", prompt, "--json"])
  }

  @Test("a changed byte in any section of a snapshot: 65 and the section's name")
  func changedSnapshot() throws {
    let whole = try bytes(of: snapshot)
    for section in try Directory.read(whole) {
      var changed = whole
      changed[section.offset + section.length / 2] ^= 0x10
      let path = try scratch.write("changed.kvsnap", changed)
      expect(try Command.run("verify", path), status: 65, section.name)
      expect(try resume(path, model: tiny), status: 65, section.name)
    }
    for index in [0, 12, 40, 57, 70] {
      var changed = whole
      changed[index] ^= 1
      let path = try scratch.write("changed.kvsnap", changed)
      expect(try Command.run("verify", path), status: 65, index < 64 ? "header" : "directory")
    }
  }

  @Test("a changed byte in a filter bank: 65 and the section's name")
  func changedFilters() throws {
    let whole = try bytes(of: filters)
    for section in try Directory.read(whole) {
      var changed = whole
      changed[section.offset + section.length / 2] ^= 0x10
      let path = try scratch.write("changed.qfilt", changed)
      expect(try Command.run("verify", path), status: 65, section.name)
      let used = try Command.run(
        [
          "prefill", "--model", tiny, "--filters", path, "--prompt-file", text, "--out",
          scratch.path("no.kvsnap"),
        ])
      expect(used, status: 65, section.name)
    }
    #expect(!scratch.contents.contains("no.kvsnap"))
  }

  @Test("a snapshot or filter bank of other weights: 78, naming what differs")
  func otherModel() throws {
    let other = Fixtures.path("models/tiny-llama-f16.gguf")
    expect(try resume(snapshot, model: other), status: 78, "identity mismatch", "weights")
    let deeper = Fixtures.path("models/tiny-llama-q8_0.gguf")
    expect(try resume(snapshot, model: deeper), status: 78, "weights", "architecture")
    let prefill = try Command.run(
      [
        "prefill", "--model", other, "--filters", filters, "--prompt-file", text, "--out",
        scratch.path("no.kvsnap"),
      ])
    expect(prefill, status: 78, "tiny.qfilt", "weights")
    #expect(!scratch.contents.contains("no.kvsnap"))
  }

  @Test("a truncated model: 65; an unknown tensor type: 1, by name")
  func badModels() throws {
    let whole = try bytes(of: tiny)
    let cut = try scratch.write("cut.gguf", whole.prefix(whole.count / 2))
    expect(
      try Command.run("generate", "--model", cut, "--prompt", "x"), status: 65, "cut.gguf", "tensor"
    )
    var changed = whole
    changed.setType(of: "blk.0.attn_v.weight", to: 23)
    let unknown = try scratch.write("unknown.gguf", changed)
    expect(
      try Command.run("generate", "--model", unknown, "--prompt", "x"), status: 1,
      "tensor type IQ4_XS")
  }

  @Test("a model of which a part is missing: 66, naming the part; a part that is not the first: 65")
  func parts() throws {
    let folder = Fixtures.path("models/tiny-llama-split/tiny-llama-q4_0")
    let (first, second) = ("-00001-of-00004.gguf", "-00002-of-00004.gguf")
    let alone = try scratch.write("alone" + first, bytes(of: folder + first))
    expect(
      try Command.run("generate", "--model", alone, "--prompt", "x"), status: 66, "alone" + second)
    expect(
      try Command.run("generate", "--model", folder + second, "--prompt", "x"), status: 65,
      "open the first part")
  }

  @Test("a text that is not UTF-8: 65, saying where; an empty prompt: 64")
  func badTexts() throws {
    let binary = try scratch.write("binary.txt", [0x61, 0x62, 0xFF, 0x63])
    expect(
      try Command.run("tokenize", "--model", tiny, "--file", binary), status: 65,
      "not UTF-8 text at byte 2")
    expect(try Command.run("generate", "--model", tiny, "--prompt", ""), status: 64, "empty")
    expect(try resume(snapshot, model: tiny, prompt: ""), status: 64, "empty")
  }

  @Test("a prompt beyond the model's context: 1, with both numbers")
  func longPrompt() throws {
    let long = try scratch.write("long.txt", String(repeating: "0123456789", count: 100).utf8)
    let out = scratch.path("no.kvsnap")
    for result in [
      try Command.run("generate", "--model", tiny, "--prompt-file", long),
      try Command.run(
        ["prefill", "--model", tiny, "--filters", filters, "--prompt-file", long, "--out", out]),
      try resume(snapshot, model: tiny, prompt: String(repeating: "0123456789", count: 100)),
    ] { expect(result, status: 1, "tokens", "context of 512") }
    #expect(!scratch.contents.contains("no.kvsnap"))
  }

  @Test("a corpus that is too short, and sequences that are too long: 1, with both numbers")
  func corpusAndRecipe() throws {
    let out = scratch.path("no.qfilt")
    let short = try Command.run(
      ["precompute", "--model", tiny, "--corpus", text, "--length", "500", "--out", out])
    expect(short, status: 1, "the text has", "10000 are needed")
    let long = try Command.run(["precompute", "--model", tiny, "--corpus", text, "--out", out])
    expect(long, status: 1, "sequences of 2048 tokens", "context of 512")
    #expect(!scratch.contents.contains("no.qfilt"))
  }

  @Test("a limit on file sizes: 74, and the file that was there before stays")
  func limitedFileSize() throws {
    let before = try bytes(of: snapshot)
    let contents = scratch.contents
    let result = try Command.shell(
      "ulimit -f 4; exec $qfilters prefill --model \(tiny) --filters \(filters) "
        + "--prompt-file \(text) --out \(snapshot)"
    )
    expect(result, status: 74, "cannot write \(snapshot)")
    #expect(try bytes(of: snapshot) == before)
    #expect(scratch.contents == contents)
  }

  @Test("a filter bank under a snapshot's ending: 64, with the usage of the command itself")
  func exportEnding() throws {
    let out = scratch.path("x.safetensors")
    expect(
      try Command.run("export", filters, out), status: 64, "exported to a folder",
      "Usage: qfilters export")
    #expect(!scratch.contents.contains("x.safetensors"))
  }

  @Test("a snapshot of a chat, and a model without a template: 64, and what to do")
  func noTemplate() throws {
    let model = scratch.path("model")
    try FileManager.default.copyItem(
      atPath: Fixtures.path("models/tiny-llama-f32"), toPath: model)
    let chat = scratch.path("chat.kvsnap")
    let made = try Command.run(
      [
        "prefill", "--model", model, "--method", "k-norm", "--prompt-file", text, "--chat", "--out",
        chat,
      ])
    try #require(made.status == 0, "\(made.error)")
    try FileManager.default.removeItem(atPath: model + "/chat_template.jinja")
    expect(
      try resume(chat, model: model), status: 64, "the snapshot uses a chat template", "has none")
    expect(
      try Command.run(["generate", "--model", model, "--prompt", "x", "--chat"]), status: 64,
      "leave --chat out")
  }

  @Test("a compression that makes no sense, two answers at once, a wrong ending: 64")
  func usage() throws {
    for arguments in [
      ["resume", snapshot, "--model", tiny, "--prompt", "x", "--compression", "0"],
      [
        "resume", snapshot, "--model", tiny, "--prompt", "x", "--compression", "8",
        "--decompressed",
      ],
      ["generate", "--model", tiny],
      ["generate", "--model", tiny, "--prompt", "x", "--temperature", "-1"],
      ["prefill", "--model", tiny, "--filters", filters, "--prompt-file", text, "--out", "x.bin"],
      ["nonsense"],
    ] { expect(try Command.run(arguments), status: 64) }
  }
}

/// The directory of a container, read without checks.
enum Directory {
  struct Entry {
    let name: String
    let offset, length: Int
  }

  static func read(_ file: [UInt8]) throws -> [Entry] {
    func integer(_ offset: Int, _ width: Int) -> Int {
      (0..<width).reduce(0) { $0 | Int(file[offset + $1]) << (8 * $1) }
    }
    return (0..<integer(40, 4)).map { index in
      let start = 64 + 32 * index
      return Entry(
        name: String(decoding: file[start..<start + 4], as: UTF8.self),
        offset: integer(start + 8, 8),
        length: integer(start + 16, 8))
    }
  }
}
