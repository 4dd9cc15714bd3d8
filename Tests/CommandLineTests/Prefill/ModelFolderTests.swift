import Foundation
import TestSupport
import Testing

@Suite("A folder serves where a GGUF of the same weights did", .serialized)
struct ModelFolderTests {
  private let scratch: ScratchFolder
  private let text: String

  init() throws {
    scratch = try ScratchFolder()
    text = try scratch.write(
      "text.txt", String(repeating: "A line of text to be kept, cafe\u{301}.\n", count: 8).utf8)
  }

  private func resume(_ snapshot: String, _ model: String) throws -> Resumed {
    let result = try Command.run(
      ["resume", snapshot, "--model", model, "--prompt", "The end", "--max-tokens", "24", "--json"])
    #expect(result.status == 0, "\(result.error)")
    return try result.json()
  }

  @Test(
    "the identity is the same, and a snapshot made with one resumes with the other",
    arguments: Fixtures.tinyFolders)
  func identity(name: String) throws {
    let folder = Fixtures.path("models/\(name)")
    let gguf = folder + ".gguf"
    let bank = try scratch.filters(of: gguf, corpus: text)
    let ofGGUF = try bytes(of: bank)
    #expect(try bytes(of: scratch.filters(of: folder, corpus: text)) == ofGGUF)
    let snapshot = scratch.path("s.kvsnap")
    for (maker, user) in [(gguf, folder), (folder, gguf)] {
      let made = try Command.run(
        [
          "prefill", "--model", maker, "--filters", bank, "--prompt-file", text, "--chat", "--out",
          snapshot,
        ])
      #expect(made.status == 0, "\(made.error)")
      let (own, other) = (try resume(snapshot, maker), try resume(snapshot, user))
      #expect(own.ids == other.ids)
      #expect(!own.ids.isEmpty)
    }
  }

  @Test("the identity of a GGUF in parts is that of the whole file")
  func parts() throws {
    let part = "models/tiny-llama-split/tiny-llama-q4_0-00001-of-00004.gguf"
    let whole = try bytes(
      of: scratch.filters(of: Fixtures.path("models/tiny-llama-q4_0.gguf"), corpus: text))
    #expect(try bytes(of: scratch.filters(of: Fixtures.path(part), corpus: text)) == whole)
  }

  @Test("an answer ends at the tokens that generation_config.json names, a number or a list")
  func endsOfGeneration() throws {
    struct Golden: Decodable {
      let text: String
      let greedy: [Int]
    }
    let golden: Golden = try Fixtures.json("models/tiny-llama-f32.json")
    // The first token that was not there before.
    let end = try #require(golden.greedy.firstIndex { $0 != golden.greedy[0] })
    let folder = scratch.path("model")
    try FileManager.default.copyItem(atPath: Fixtures.path("models/tiny-llama-f32"), toPath: folder)
    for ids in ["\(golden.greedy[end])", "[2, \(golden.greedy[end])]", "[2]"] {
      try Data(#"{"eos_token_id":\#(ids)}"#.utf8).write(
        to: URL(filePath: folder + "/generation_config.json"))
      let result = try Command.run(
        [
          "generate", "--model", folder, "--prompt", golden.text, "--max-tokens",
          "\(golden.greedy.count)", "--precision", "f32", "--json",
        ])
      #expect(
        try result.json(as: Generated.self).ids
          == Array(golden.greedy[..<(ids == "[2]" ? golden.greedy.count : end)]))
    }
  }

  @Test("another model's folder is rejected, naming what differs: 78")
  func otherModel() throws {
    let gguf = Fixtures.path("models/tiny-llama-f32.gguf")
    let bank = try scratch.filters(of: gguf, corpus: text)
    let folder = scratch.path("model")
    try FileManager.default.copyItem(atPath: Fixtures.path("models/tiny-llama-f32"), toPath: folder)
    for (file, part, replacement, differing) in [
      ("config.json", "10000.0", "10000.01", "different RoPE parameters;"),
      ("config.json", "1e-05", "2e-05", "different architecture, RoPE parameters;"),
      ("tokenizer.json", "\"rstrip\": false", "\"rstrip\": true", "RoPE parameters, tokenizer;"),
    ] {
      let path = "\(folder)/\(file)"
      let text = String(decoding: try bytes(of: path), as: UTF8.self)
      try #require(text.contains(part), "the fixture changed")
      try Data(text.replacing(part, with: replacement, maxReplacements: 1).utf8)
        .write(to: URL(filePath: path))
      let result = try Command.run(
        [
          "prefill", "--model", folder, "--filters", bank, "--prompt-file", self.text, "--out",
          scratch.path("no.kvsnap"),
        ])
      #expect(result.status == 78 && result.error.contains(differing), "\(result.error)")
    }
  }

  @Test("a folder that lacks a file: 66; a broken one: 65; one that is not supported: 1")
  func refusals() throws {
    let source = Fixtures.path("models/tiny-llama-bf16")
    for (file, change, status, part) in [
      ("config.json", nil, 66, "config.json"), ("tokenizer.json", nil, 66, "tokenizer.json"),
      ("model-00001-of-00002.safetensors", nil, 66, "model-00001-of-00002.safetensors"),
      ("model-00001-of-00002.safetensors", { $0.dropLast() }, 65, "beyond the end of the file"),
      ("config.json", { $0.dropLast(3) }, 65, "config at byte"),
      ("config.json", { _ in Data(#"{"model_type":"gpt2"}"#.utf8) }, 1, "architecture gpt2"),
      // Text from a file is escaped: it must not steer a terminal.
      ("config.json", { _ in Data(#"{"model_type":"\u001b[2J"}"#.utf8) }, 1, #"\u{1B}[2J"#),
    ] as [(String, ((Data) -> Data)?, Int32, String)] {
      let folder = scratch.path("model-\(UUID().uuidString)")
      try FileManager.default.copyItem(atPath: source, toPath: folder)
      let url = URL(filePath: "\(folder)/\(file)")
      if let change {
        try change(Data(contentsOf: url)).write(to: url)
      } else {
        try FileManager.default.removeItem(at: url)
      }
      let result = try Command.run("generate", "--model", folder, "--prompt", "x")
      #expect(result.status == status && result.error.contains(part), "\(result.error)")
      #expect(result.signal == nil && result.output.isEmpty)
    }
  }
}
