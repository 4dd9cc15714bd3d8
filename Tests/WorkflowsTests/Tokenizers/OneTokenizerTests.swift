import Foundation
import TestSupport
import Testing
import Tokenization
import Workflows

@Suite("The GGUF and the folder of one model have one tokenizer")
struct OneTokenizerTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private static let tokens = ["a", "b", "ab", "<s>", "</s>"]

  private func gguf(_ change: (inout RawGGUF) -> Void = { _ in }) throws -> Tokenizer {
    var file = RawGGUF(
      model: "gpt2", pre: "llama-bpe", tokens: Self.tokens, types: [1, 1, 1, 3, 3],
      merges: ["a b"])
    file.metadata["bos_token_id"] = .id(3)
    file.metadata["eos_token_id"] = .id(4)
    change(&file)
    return try LoadedModel.loadTokenizer(path: scratch.write("model.gguf", file.bytes))
  }

  /// As Llama 3's folder: the post-processor puts the begin of text before a text.
  private func folder(added: String = "") throws -> Tokenizer {
    let pattern =
      #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"#
      + #"| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"#
    let text = """
      {"added_tokens":[{"id":3,"content":"<s>","special":true},
       {"id":4,"content":"</s>","special":true}\(added)],"normalizer":null,
       "pre_tokenizer":{"type":"Sequence","pretokenizers":[
        {"type":"Split","pattern":{"Regex":"\(pattern)"},"behavior":"Isolated","invert":false},
        {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]},
       "post_processor":{"type":"Sequence","processors":[{"type":"ByteLevel"},
        {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},
         {"Sequence":{"id":"A","type_id":0}}]}]},
       "decoder":{"type":"ByteLevel"},
       "model":{"type":"BPE","ignore_merges":true,"vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}}
      """
    let path = scratch.path("model")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (name, content) in [
      ("tokenizer.json", text), ("config.json", #"{"vocab_size":5,"eos_token_id":[4,1]}"#),
      ("tokenizer_config.json", #"{"bos_token":"<s>","eos_token":{"content":"</s>"}}"#),
    ] { try Data(content.utf8).write(to: URL(filePath: "\(path)/\(name)")) }
    return try LoadedModel.loadTokenizer(path: path)
  }

  private func description(_ tokenizer: Tokenizer) -> [UInt8] {
    var bytes: [UInt8] = []
    tokenizer.writeCanonicalBytes { bytes += $0 }
    return bytes
  }

  @Test("where the GGUF does not say that texts begin with a token")
  func beginOfText() throws {
    #expect(try gguf().addsBeginOfText)
    #expect(try description(gguf()) == description(folder()))
  }

  @Test("where tokenizer.json, or the GGUF, has a token that the embedding has no row for")
  func beyondTheEmbedding() throws {
    let added = #",{"id":5,"content":"<image>","special":true}"#
    let plain = try gguf()
    let more = try folder(added: added)
    #expect(description(more) == description(plain))
    #expect(more.encode("ab<image>", parsingSpecials: true) == [2, 0])
    let padded = try gguf {
      $0.metadata["tokens"] = .texts(Self.tokens + ["<image>"])
      $0.metadata["token_type"] = .types([1, 1, 1, 3, 3, 3])
      $0.rows = 5
    }
    #expect(description(padded) == description(plain))
  }

  @Test(
    "where one of them types a mark of the chat template as text, ids are the same all the same")
  func types() throws {
    let template = try String(
      decoding: bytes(of: Fixtures.path("chat/chatml.jinja")), as: UTF8.self)
    for type in [1, 3, 4] as [Int32] {
      let tokenizer = try gguf {
        $0.metadata["tokens"] = .texts(["a", "b", "ab", "<|im_start|>", "<|im_end|>"])
        $0.metadata["token_type"] = .types([1, 1, 1, type, type])
        $0.metadata["bos_token_id"] = nil
        $0.metadata["eos_token_id"] = nil
        $0.metadata["tokenizer.chat_template"] = .text(template)
      }
      #expect(tokenizer.encode("ab<|im_end|>a<|im_start|>", parsingSpecials: true) == [2, 4, 0, 3])
      #expect(tokenizer.isEndOfGeneration(4))
    }
  }
}
