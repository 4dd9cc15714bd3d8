import ByteIO
import Foundation
import ModelFiles
import TestSupport
import Testing
import Tokenization

@Suite("tokenizer.json, and the files that describe it")
struct TokenizerFileTests {
  private let folder: String
  private let scratch: ScratchFolder

  init() throws {
    scratch = try ScratchFolder()
    folder = scratch.path("model")
    try FileManager.default.copyItem(
      atPath: Fixtures.path("models/tiny-llama-bf16"), toPath: folder)
  }

  private func write(_ file: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(file)"))
  }

  private func read(_ file: String) throws -> String {
    String(decoding: try bytes(of: "\(folder)/\(file)"), as: UTF8.self)
  }

  private func replace(_ file: String, _ part: String, _ replacement: String) throws {
    let text = try read(file)
    try #require(text.contains(part), "the fixture changed")
    try write(file, text.replacing(part, with: replacement, maxReplacements: 1))
  }

  private func vocabulary() throws -> Vocabulary { try ModelFile(path: folder).vocabulary }

  /// A byte-level BPE of a few tokens for an embedding of 287 rows.
  private func small(
    vocab: String = #"{"a":0,"b":1,"ab":2}"#, merges: String = #"["a b"]"#, added: String = "[]",
    options: String = "", rest: String = #""decoder":{"type":"ByteLevel"}"#,
    preTokenizer: String = #"{"type":"ByteLevel","add_prefix_space":false}"#
  ) throws {
    try write(
      "tokenizer.json",
      """
      {"version":"1.0","added_tokens":\(added),"pre_tokenizer":\(preTokenizer),\(rest),
       "model":{"type":"BPE",\(options)"vocab":\(vocab),"merges":\(merges)}}
      """)
    try write("tokenizer_config.json", "{}")
    let config = try read("config.json").replacing(/os_token_id": \d/, with: #"os_token_id": null"#)
    try write("config.json", config)
  }

  private func unsupported() throws -> String? {
    #expect(throws: UnsupportedModel.self) { try ModelFile(path: folder) }?.what
  }

  @Test("tokens are bytes: two spellings of é are two tokens")
  func canonicalSpellings() throws {
    try small(vocab: #"{"\#u{e9}":0,"e\#u{301}":1,"e":2}"#, merges: "[]")
    let tokens = try vocabulary().tokens
    #expect(tokens[0] == [0xC3, 0xA9])
    #expect(tokens[1] == [0x65, 0xCC, 0x81])
  }

  @Test("merges are texts or pairs, also mixed")
  func merges() throws {
    try small(
      vocab: #"{"a":0,"b":1,"ab":2,"aba":3}"#, merges: #"["a b", ["ab", "a"]]"#)
    #expect(try vocabulary().merges == ["a b", "ab a"].map { Array($0.utf8) })
    for merges in [#"[["a"]]"#, #"[["a",1]]"#, "[3]", "null", #"{"a":"b"}"#] {
      try small(merges: merges)
      #expect(throws: MalformedFile.self, "\(merges)") { try vocabulary() }
    }
  }

  @Test("added tokens are control or user-defined; ids that nobody uses are filled")
  func types() throws {
    try small(
      added: """
        [{"id":4,"content":"<s>","special":true},{"id":5,"content":"  ","special":false},
         {"id":2,"content":"ab","special":true}]
        """)
    let vocabulary = try vocabulary()
    #expect(vocabulary.types.prefix(7) == [1, 1, 3, 5, 3, 4, 5])
    #expect(
      vocabulary.tokens.prefix(7).map { String(decoding: $0, as: UTF8.self) }
        == ["a", "b", "ab", "[PAD3]", "<s>", "  ", "[PAD6]"])
    #expect(vocabulary.tokens.count == 287)
    #expect(vocabulary.preTokenizer == "gpt-2")
  }

  @Test("ids that are taken twice or are no whole numbers from 0 on are rejected")
  func ids() throws {
    for (vocab, added) in [
      (#"{"a":0,"b":0}"#, "[]"), (#"{"a":-1}"#, "[]"),
      (#"{"a":1.5}"#, "[]"), (#"{"a":"1"}"#, "[]"), (#"{"a":0,"a":1}"#, "[]"), ("[]", "[]"),
      (#"{"a":0}"#, #"[{"id":0,"content":"b"}]"#), (#"{"a":0}"#, #"[{"id":-1,"content":"b"}]"#),
      (#"{"a":0}"#, #"[{"id":1}]"#), (#"{"a":0}"#, #"[{"content":"b"}]"#), (#"{"a":0}"#, "[1]"),
    ] {
      try small(vocab: vocab, merges: "[]", added: added)
      #expect(throws: MalformedFile.self, "\(vocab) \(added)") { try vocabulary() }
    }
  }

  @Test("a part that would change the ids and is not supported is rejected by name")
  func unsupportedParts() throws {
    for (options, what) in [
      (#""unk_token":"a","#, "tokenizer option unk_token"),
      (#""ignore_merges":true,"#, "tokenizer option ignore_merges"),
      (#""byte_fallback":true,"#, "tokenizer option byte_fallback"),
      (#""dropout":0.1,"#, "tokenizer option dropout"),
      (#""end_of_word_suffix":"</w>","#, "tokenizer option end_of_word_suffix"),
      (#""max_input_chars_per_word":9,"#, #"model key "max_input_chars_per_word""#),
    ] {
      try small(options: options)
      #expect(try unsupported() == what)
    }
    try small(options: #""unk_token":"","dropout":null,"fuse_unk":false,"ignore_merges":false,"#)
    _ = try vocabulary()
    let decoder = #""decoder":{"type":"ByteLevel"}"#
    for (rest, what) in [
      (#""decoder":null"#, "decoder (none)"),
      (#""decoder":{"type":"Metaspace"}"#, "decoder Metaspace"),
      (decoder + #","normalizer":{"type":"NFC"}"#, "normalizer NFC"),
      (decoder + #","post_processor":{"type":"BertProcessing"}"#, "post_processor BertProcessing"),
      (decoder + #","extra":1"#, #"tokenizer key "extra""#),
    ] {
      try small(rest: rest)
      #expect(try unsupported() == what)
    }
    try small(added: #"[{"id":3,"content":"<s>","single_word":true}]"#)
    #expect(try unsupported() == #"single_word of the added token "<s>""#)
    try small()
    try replace("tokenizer.json", #""BPE""#, #""WordPiece""#)
    #expect(try unsupported() == "tokenizer model WordPiece")
  }

  @Test("a pre-tokeniser is known by its steps, or rejected by name and pattern")
  func preTokenizers() throws {
    let byteLevel = #"{"type":"ByteLevel","add_prefix_space":false,"use_regex":true}"#
    func sequence(_ steps: String...) -> String {
      #"{"type":"Sequence","pretokenizers":[\#(steps.joined(separator: ","))]}"#
    }
    let digits = #"{"type":"Digits","individual_digits":true}"#
    for (steps, name) in [
      (byteLevel, "gpt-2"), (sequence(byteLevel), "gpt-2"), (sequence(digits, byteLevel), "smollm"),
    ] {
      try small(preTokenizer: steps)
      #expect(try vocabulary().preTokenizer == name)
    }
    let split = #"{"type":"Split","pattern":{"Regex":"\\p{N}{1,3}"},"behavior":"Isolated"}"#
    for (steps, what) in [
      ("null", "the steps (none)"), (sequence(), "the steps (none)"),
      (byteLevel.replacing("false", with: "true"), "pre-tokeniser ByteLevel (add_prefix_space)"),
      (
        sequence(digits.replacing("true", with: "false"), byteLevel),
        "pre-tokeniser Digits (together), ByteLevel"
      ),
      (sequence(split, byteLevel), "pre-tokeniser numbers by three, ByteLevel"),
      (
        sequence(split.replacing("{1,3}", with: "{1,4}"), byteLevel),
        #"pre-tokeniser Split of "\\p{N}{1,4}", ByteLevel"#
      ),
      (sequence(byteLevel, digits), "pre-tokeniser ByteLevel, Digits"),
    ] {
      try small(preTokenizer: steps)
      #expect(try unsupported() == what)
    }
  }

  @Test("begin and end of text come from tokenizer_config.json, or else from config.json")
  func beginAndEnd() throws {
    let first = try vocabulary()
    #expect((first.beginOfText, first.endOfText) == (1, 2))
    try write(
      "tokenizer_config.json",
      #"{"bos_token":"<|endoftext|>","eos_token":{"content":"<|im_start|>"},"add_bos_token":true}"#)
    let changed = try vocabulary()
    #expect((changed.beginOfText, changed.endOfText) == (0, 1))
    #expect(changed.addsBeginOfText && !first.addsBeginOfText)
    try write("tokenizer_config.json", #"{"bos_token":"<s>"}"#)
    let error = #expect(throws: MalformedFile.self) { try vocabulary() }
    #expect(error?.problem == "bos_token names no token of tokenizer.json")
  }

  @Test("a template of the post-processor may put the begin-of-text token first, and nothing else")
  func postProcessor() throws {
    func template(_ single: String) -> String {
      #""decoder":{"type":"ByteLevel"},"post_processor":{"type":"Sequence","processors":["#
        + #"{"type":"ByteLevel"},{"type":"TemplateProcessing","single":[\#(single)]}]}"#
    }
    let text = #"{"Sequence":{"id":"A","type_id":0}}"#
    func token(_ name: String) -> String { #"{"SpecialToken":{"id":"\#(name)","type_id":0}}"# }
    for (single, adds) in [(text, false), ("\(token("a")),\(text)", true)] {
      try small(rest: template(single))
      try write("tokenizer_config.json", #"{"bos_token":"a"}"#)
      #expect(try vocabulary().addsBeginOfText == adds)
    }
    for single in [
      "", token("a"), "\(text),\(token("a"))", "\(token("a")),\(token("a")),\(text)",
      "\(token("b")),\(text)",
    ] {
      try small(rest: template(single))
      try write("tokenizer_config.json", #"{"bos_token":"a"}"#)
      #expect(try unsupported() != nil, "\(single)")
    }
  }

  @Test("the chat template is a file of its own, a setting, or the default one of several")
  func chatTemplate() throws {
    try write(
      "tokenizer_config.json",
      #"{"chat_template":[{"name":"tool_use","template":"t"},{"name":"default","template":"d"}]}"#)
    #expect(try vocabulary().chatTemplate == "d")
    try write("tokenizer_config.json", #"{"chat_template":"s"}"#)
    #expect(try vocabulary().chatTemplate == "s")
    try write("chat_template.jinja", "file\n\n")
    #expect(try vocabulary().chatTemplate == "file\n")
    try write("tokenizer_config.json", "{}")
    try FileManager.default.removeItem(atPath: "\(folder)/chat_template.jinja")
    #expect(try vocabulary().chatTemplate == nil)
  }

  @Test("changed bytes are read or rejected, but never trap", arguments: ["tokenizer", "config"])
  func mutations(name: String) throws {
    let whole = try bytes(of: "\(folder)/\(name).json")
    var random = SeededGenerator(seed: 13)
    let likely = Array(#"{}[]",:0123456789-eE.\u/tfn "#.utf8) + [0, 0xC3, 0xFF]
    for _ in 0..<1_500 {
      var changed = whole
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        changed[Int.random(in: whole.indices, using: &random)] =
          likely.randomElement(using: &random) ?? 0
      }
      try Data(changed).write(to: URL(filePath: "\(folder)/\(name).json"))
      do { _ = try ModelFile(path: folder) } catch is MalformedFile {} catch is UnsupportedModel {}
    }
  }
}
