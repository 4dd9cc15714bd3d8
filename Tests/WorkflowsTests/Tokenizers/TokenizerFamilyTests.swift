import Foundation
import TestSupport
import Testing
import Tokenization
import Workflows

@Suite("20,000 texts of every kind, token for token as the tokenizers library has them")
struct TokenizerFamilyTests {
  private static let families = [
    "gpt-2", "smollm", "llama-bpe", "dbrx", "qwen2", "deepseek-r1-qwen", "deepseek-llm",
    "deepseek-coder", "deepseek-v3", "gemma", "llama-2", "phi-3", "mistral", "metaspace-always",
    "metaspace-words", "unigram", "unigram-words",
  ]
  /// Those whose vocabularies GGUF holds with scores instead of merges.
  private static let scored = ["gemma", "llama-2", "unigram"]

  @Test("of a small vocabulary in each family's form", arguments: families)
  func family(name: String) throws {
    let folder = try TokenizerFolder(of: name)
    try expectGoldenIDs(of: LoadedModel.loadTokenizer(path: folder.path), name)
  }

  @Test("of the same vocabularies in GGUF", arguments: scored)
  func modelFile(name: String) throws {
    let path = Fixtures.path("tokenization/\(name).gguf")
    try expectGoldenIDs(of: LoadedModel.loadTokenizer(path: path), name)
  }

  @Test(
    "of the real models, whether special tokens are parsed or not", .realModel,
    arguments: [true, false])
  func realModels(parsing: Bool) throws {
    for (name, path) in [("smollm2", Demo.model), ("gemma3", Demo.gemma)] {
      let tokenizer = try LoadedModel.loadTokenizer(path: path)
      try expectGoldenIDs(of: tokenizer, name + (parsing ? "" : " plain"), parsing: parsing)
    }
  }

  @Test("a GGUF and a tokenizer.json of one tokenizer have one description", arguments: scored)
  func descriptions(name: String) throws {
    let folder = try TokenizerFolder(of: name)
    let descriptions = try [folder.path, Fixtures.path("tokenization/\(name).gguf")].map {
      var bytes: [UInt8] = []
      try LoadedModel.loadTokenizer(path: $0).writeCanonicalBytes { bytes += $0 }
      return bytes
    }
    #expect(descriptions[0] == descriptions[1])
  }

  @Test("what was encoded comes back, from its beginning and in the middle", arguments: families)
  func roundTrip(name: String) throws {
    let folder = try TokenizerFolder(of: name)
    let tokenizer = try LoadedModel.loadTokenizer(path: folder.path)
    // A token that is found in normalised text includes a space before it, which is then lost.
    let odd = Array((name == "phi-3" ? "<mark>" : "\0").utf8)
    for text in try MixedTexts.all().prefix(2_000)
    where text.allSatisfy({ $0 < 0x80 }) && text.firstRange(of: odd) == nil {
      for continuing in [true, false] {
        let ids = tokenizer.encode(text, parsingSpecials: true, continuing: continuing)
        // What cannot be said does not come back; the unknown token is the first one.
        if name.hasSuffix("-words"), ids.contains(0) { continue }
        let back = tokenizer.texts(of: ids, continuing: continuing)
        let again = tokenizer.encode(
          Array(back.joined()), parsingSpecials: true, continuing: continuing)
        #expect(again == ids, "\(String(decoding: text, as: UTF8.self).debugDescription)")
      }
    }
  }

  private func expectGoldenIDs(
    of tokenizer: Tokenizer, _ name: String, parsing: Bool = true
  ) throws {
    let texts = try MixedTexts.all()
    let golden = try #require(MixedTexts.digests()[name])
    try #require(golden.count >= 1_000 && texts.count == golden.count * MixedTexts.block)
    for (index, expected) in golden.enumerated() {
      let start = index * MixedTexts.block
      let ids = texts[start..<start + MixedTexts.block].map {
        // As the fixture has it, whose reference takes the names of bytes for bytes in unigrams.
        let isLeftOut = name.hasPrefix("unigram") && $0.firstRange(of: Array("<0x".utf8)) != nil
        return isLeftOut ? [] : tokenizer.encode($0, parsingSpecials: parsing)
      }
      #expect(
        MixedTexts.digest(of: ids) == expected, "the \(MixedTexts.block) texts from \(start) on")
    }
  }
}
