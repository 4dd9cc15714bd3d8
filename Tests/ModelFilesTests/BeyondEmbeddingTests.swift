import ByteIO
import Foundation
import ModelFiles
import TestSupport
import Testing
import Tokenization

@Suite("Tokens that the embedding has no row for are left out, and the model is read")
struct BeyondEmbeddingTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  /// The vocabulary of a folder with this tokenizer and an embedding of four rows.
  private func folder(_ model: String, added: String = "[]") throws -> Vocabulary {
    let path = scratch.path("model")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let tokenizer =
      #"{"added_tokens":\#(added),"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"#
      + #""decoder":{"type":"ByteLevel"},"model":{"type":"BPE",\#(model)}}"#
    try Data(tokenizer.utf8).write(to: URL(filePath: "\(path)/tokenizer.json"))
    try Data(#"{"vocab_size":4}"#.utf8).write(to: URL(filePath: "\(path)/config.json"))
    return try Vocabulary(path: path)
  }

  private func gguf(_ tokens: [String], merges: [String], rows: Int?) throws -> Vocabulary {
    var file = RawGGUF(
      model: "gpt2", pre: "gpt-2", tokens: tokens, types: tokens.map { $0.hasPrefix("<") ? 3 : 1 },
      merges: merges)
    file.rows = rows
    return try Vocabulary(path: scratch.write("model.gguf", file.bytes))
  }

  private func texts(_ bytes: [[UInt8]]) -> [String] {
    bytes.map { String(decoding: $0, as: UTF8.self) }
  }

  private static let four = #""vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]"#

  @Test("added tokens: one after the embedding, several, and far away")
  func addedTokens() throws {
    for ids in [[4], [4, 5, 6], [9, 1_000_000_000]] {
      let added = ids.map { #"{"id":\#($0),"content":"<image \#($0)>","special":true}"# }
      let vocabulary = try folder(
        Self.four,
        added: #"[{"id":3,"content":"<s>","special":true},\#(added.joined(separator: ","))]"#)
      #expect(texts(vocabulary.tokens) == ["a", "b", "ab", "<s>"])
      #expect(vocabulary.types == [1, 1, 1, 3])
      #expect(texts(vocabulary.merges) == ["a b"])
    }
  }

  @Test("pieces of text, with the merges that make them; and the same in GGUF")
  func pieces() throws {
    let merges = ["a b", "ab ab", "abab a"]
    let pieces = #""vocab":{"a":0,"b":1,"ab":2,"abab":4,"ababa":5}"#
    let vocabulary = try folder(
      pieces + #","merges":["a b","ab ab","abab a"]"#,
      added: #"[{"id":3,"content":"<s>","special":true}]"#)
    #expect(texts(vocabulary.tokens) == ["a", "b", "ab", "<s>"])
    #expect(texts(vocabulary.merges) == ["a b"])
    let tokens = ["a", "b", "ab", "<s>", "abab", "ababa"]
    let same = try gguf(tokens, merges: merges, rows: 4)
    #expect(same.tokens == vocabulary.tokens)
    #expect(same.types == vocabulary.types)
    #expect(same.merges == vocabulary.merges)
    #expect(try texts(gguf(tokens, merges: merges, rows: 6).merges) == merges)
    #expect(try texts(gguf(tokens, merges: merges, rows: nil).tokens) == tokens)
  }

  @Test("a piece that a remaining piece is made of cannot be left out")
  func partsOfOthers() throws {
    for rejected in [
      { try folder(#""vocab":{"a":0,"b":1,"ab":4,"aba":2},"merges":["a b","ab a"]"#) },
      { try gguf(["a", "b", "aba", "<s>", "ab"], merges: ["a b", "ab a"], rows: 4) },
    ] {
      let error = #expect(throws: UnsupportedModel.self) { _ = try rejected() }
      #expect(error?.what.hasPrefix(#"the token "ab", which the embedding has no row for"#) == true)
    }
  }

  @Test("ids of unigrams beyond the embedding are left out, too")
  func unigrams() throws {
    let path = scratch.path("unigram")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let tokenizer =
      #"{"added_tokens":[],"decoder":{"type":"Metaspace"},"pre_tokenizer":{"type":"Metaspace"},"#
      + #""model":{"type":"Unigram","unk_id":0,"#
      + #""vocab":[["<unk>",0],["a",-1],["b",-2],["ab",-0.5]]}}"#
    try Data(tokenizer.utf8).write(to: URL(filePath: "\(path)/tokenizer.json"))
    try Data(#"{"vocab_size":3}"#.utf8).write(to: URL(filePath: "\(path)/config.json"))
    let vocabulary = try Vocabulary(path: path)
    #expect(texts(vocabulary.tokens) == ["<unk>", "a", "b"])
    #expect(vocabulary.scores == [0, -1, -2])
  }
}
