import ByteIO
import Foundation
import ModelFiles
import TestSupport
import Testing
import Tokenization

@Suite("The tokens that begin and end texts, as model files name them or leave them out")
struct SpecialTokenTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func vocabulary(_ file: RawGGUF) throws -> Vocabulary {
    try Vocabulary(path: scratch.write("model.gguf", file.bytes))
  }

  /// Byte-level BPE with four tokens.
  private func byteLevel(_ pre: String) -> RawGGUF {
    var file = RawGGUF(
      model: "gpt2", pre: pre, tokens: ["a", "b", "ab", "<s>"], types: [1, 1, 1, 3],
      merges: ["a b"])
    file.metadata["bos_token_id"] = .id(3)
    return file
  }

  /// SentencePiece's pieces with the special tokens that Llama 2 has.
  private func pieces(_ model: String, types: [Int32] = [2, 3, 3, 1]) -> RawGGUF {
    RawGGUF(model: model, tokens: ["<unk>", "<s>", "</s>", "a"], types: types)
  }

  /// Source: llama.cpp's `llama-vocab.cpp`.
  @Test(
    "a GGUF that does not say whether texts begin with a token means what it means in llama.cpp",
    arguments: [
      ("llama-bpe", true), ("llama3", true), ("llama-v3", true), ("gpt-2", false),
      ("smollm", false), ("dbrx", false), ("qwen2", false), ("deepseek-r1-qwen", false),
      ("deepseek-llm", false), ("deepseek-coder", false), ("deepseek-v3", false),
    ])
  func addsBeginOfText(pre: String, adds: Bool) throws {
    var file = byteLevel(pre)
    #expect(try vocabulary(file).addsBeginOfText == adds)
    file.metadata["add_bos_token"] = .bool(!adds)
    #expect(try vocabulary(file).addsBeginOfText == !adds)
    file.metadata["bos_token_id"] = nil
    file.metadata["add_bos_token"] = .bool(true)
    #expect(try !vocabulary(file).addsBeginOfText, "there is none")
  }

  @Test("SentencePiece's vocabularies have the usual special tokens if the types agree")
  func defaultIDs() throws {
    let llama = try vocabulary(pieces("llama"))
    #expect((llama.beginOfText, llama.endOfText, llama.unknown) == (1, 2, 0))
    #expect(llama.addsBeginOfText)
    let unigram = try vocabulary(pieces("t5", types: [3, 3, 2, 1]))
    #expect((unigram.beginOfText, unigram.endOfText, unigram.unknown) == (nil, 1, 2))
    #expect(!unigram.addsBeginOfText)
    let odd = try vocabulary(pieces("llama", types: [1, 1, 1, 1]))
    #expect((odd.beginOfText, odd.endOfText, odd.unknown) == (nil, nil, nil))
    #expect(!odd.addsBeginOfText)
    var named = pieces("llama")
    named.metadata["bos_token_id"] = .id(2)
    named.metadata["eos_token_id"] = .id(1)
    named.metadata["unknown_token_id"] = .id(3)
    let vocabulary = try vocabulary(named)
    #expect((vocabulary.beginOfText, vocabulary.endOfText, vocabulary.unknown) == (2, 1, 3))
    let byteLevel = try self.vocabulary(
      RawGGUF(
        model: "gpt2", pre: "qwen2", tokens: Array("abcdefghijklmn").map(String.init),
        types: Array(repeating: 3, count: 14)))
    #expect((byteLevel.beginOfText, byteLevel.endOfText) == (nil, nil))
  }

  @Test("a GGUF names the ends of turns and messages by keys of their own")
  func endsInGGUF() throws {
    var file = byteLevel("smollm")
    file.metadata["eot_token_id"] = .id(1)
    file.metadata["eom_token_id"] = .id(2)
    #expect(try vocabulary(file).endsOfGeneration == [1, 2])
    file.metadata["eot_token_id"] = .text("<|eot_id|>")
    #expect(throws: MalformedFile.self) { try vocabulary(file) }
  }

  /// A folder with the tokenizer of a small model and the given files.
  private func folder(_ files: [String: String]) throws -> Vocabulary {
    let path = scratch.path("model")
    try? FileManager.default.removeItem(atPath: path)
    try FileManager.default.copyItem(
      atPath: Fixtures.path("models/tiny-llama-bf16"), toPath: path)
    for (name, text) in files {
      try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
    }
    return try Vocabulary(path: path)
  }

  private func config(_ ids: String) -> String { #"{"vocab_size":287,\#(ids)}"# }

  @Test("every file of a folder may name ends, by a number or by a list")
  func endsInFolders() throws {
    for (config, generation, ends) in [
      (#""eos_token_id":2"#, #"{"eos_token_id":[2,9]}"#, [2, 2, 9]),
      (#""eos_token_id":[5,6]"#, #"{"eos_token_id":7}"#, [5, 6, 7]),
      (#""eos_token_id":null"#, #"{"eos_token_id":null}"#, []),
      (#""x":0"#, #"{"temperature":0.6}"#, []),
      (#""eos_token_id":[2,400]"#, "{}", [2, 400]),
    ] {
      let vocabulary = try folder([
        "config.json": self.config(config), "generation_config.json": generation,
        "tokenizer_config.json": #"{"eos_token":{"content":"<|im_end|>"}}"#,
      ])
      #expect(vocabulary.endsOfGeneration == ends)
      #expect(vocabulary.endOfText == 2)
    }
    for bad in [#""</s>""#, "[2,[3]]", "-1", "2.5", "{}", "[null]", "4294967296"] {
      for (config, generation) in [("2", bad), (bad, "2")] {
        #expect(throws: MalformedFile.self, "\(bad)") {
          try folder([
            "config.json": self.config(#""eos_token_id":\#(config)"#),
            "generation_config.json": #"{"eos_token_id":\#(generation)}"#,
          ])
        }
      }
    }
  }

  @Test("a list of ends is no end of text, as for converters to GGUF")
  func listIsNoEndOfText() throws {
    let vocabulary = try folder([
      "config.json": config(#""bos_token_id":1,"eos_token_id":[2,9]"#),
      "tokenizer_config.json": #"{"add_bos_token":true}"#,
    ])
    #expect((vocabulary.beginOfText, vocabulary.endOfText) == (1, nil))
    #expect(vocabulary.addsBeginOfText)
    let none = try folder([
      "config.json": config(#""bos_token_id":null"#),
      "tokenizer_config.json": #"{"add_bos_token":true}"#,
    ])
    #expect(none.beginOfText == nil && !none.addsBeginOfText)
  }

  @Test("a special token that the embedding has no row for counts as absent")
  func specialTokenBeyondEmbedding() throws {
    let tokenizer = try String(
      decoding: bytes(of: Fixtures.path("models/tiny-llama-bf16/tokenizer.json")), as: UTF8.self)
    let added = #"{"id":287,"content":"<pad>","special":true},"#
    let start = try #require(tokenizer.firstMatch(of: /"added_tokens":\s*\[/)?.range.upperBound)
    let changed = tokenizer[..<start] + added + tokenizer[start...]
    let vocabulary = try folder([
      "tokenizer.json": String(changed),
      "config.json": config(#""bos_token_id":287,"eos_token_id":2"#),
      "tokenizer_config.json": #"{"eos_token":"<pad>"}"#,
    ])
    #expect((vocabulary.beginOfText, vocabulary.endOfText) == (nil, 2))
    #expect(vocabulary.tokens.count == 287)
    var file = pieces("llama")
    file.metadata["eos_token_id"] = .id(3)
    #expect(try self.vocabulary(file).endOfText == 3)
    for id in [4, UInt32.max] {
      file.metadata["eos_token_id"] = .id(id)
      #expect(try self.vocabulary(file).endOfText == 2, "the usual one")
    }
  }
}
