import TestSupport
import Testing
import Tokenization

@Suite struct EncodingTests {
  @Test func keepsEqualStringsApart() throws {
    let merges = [(left: Array("e".utf8), right: [UInt8(0xCC)]), (left: [0xC3], right: [0xA9])]
    let tokenizer = try Tokenizer(SyntheticVocabulary.make(merges: merges))
    let composed = tokenizer.encode("\u{E9}", parsingSpecials: false)
    let decomposed = tokenizer.encode("e\u{301}", parsingSpecials: false)
    #expect(composed == [261])
    #expect(tokenizer.decode(decomposed) == Array("e\u{301}".utf8))
  }

  @Test func parsesSpecialsOnlyIfAsked() throws {
    let tokenizer = try Tokenizer(SyntheticVocabulary.make())
    let text = "<|im_start|>hi<|im_end|>"
    #expect(
      tokenizer.encode(text, parsingSpecials: true) == [1] + SyntheticVocabulary.ids("hi") + [2])
    #expect(tokenizer.encode(text, parsingSpecials: false) == SyntheticVocabulary.ids(text))
  }

  @Test func takesTheEarliestAndThenTheLongestSpecial() throws {
    let tokenizer = try Tokenizer(SyntheticVocabulary.make())
    #expect(tokenizer.encode("<|im_end|>", parsingSpecials: true) == [2])
    #expect(tokenizer.encode("<|im_<|im_end|>", parsingSpecials: true) == [3, 2])
    #expect(
      tokenizer.encode("<|im_end|", parsingSpecials: true)
        == [3] + SyntheticVocabulary.ids("end|"))
  }

  @Test func alwaysFindsUserDefinedTokens() throws {
    var vocabulary = SyntheticVocabulary.make()
    vocabulary.add(Array("x y".utf8), type: 4)
    let tokenizer = try Tokenizer(vocabulary)
    #expect(
      tokenizer.encode("ax yb", parsingSpecials: false)
        == [SyntheticVocabulary.id(0x61), 260, SyntheticVocabulary.id(0x62)])
  }

  @Test func leavesOutBytesWithoutAToken() throws {
    let merges = [(left: Array("!".utf8), right: Array("!".utf8))]
    var vocabulary = SyntheticVocabulary.make(merges: merges)
    vocabulary.tokens[SyntheticVocabulary.id(4)] = Array("gone".utf8)
    let tokenizer = try Tokenizer(vocabulary)
    #expect(tokenizer.encode("!\u{4}!", parsingSpecials: false) == [260])
  }

  @Test(arguments: ["smollm", "gpt-2"])
  func decodesWhatItEncoded(preTokenizer: String) throws {
    let merges = [(left: Array("e".utf8), right: Array("s".utf8)), (left: [0xE3], right: [0x80])]
    let vocabulary = SyntheticVocabulary.make(merges: merges, preTokenizer: preTokenizer)
    let tokenizer = try Tokenizer(vocabulary)
    for seed in 1...500 as ClosedRange<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let bytes = generator.bytes(upTo: 80)
      for parsing in [false, true] {
        let ids = tokenizer.encode(bytes, parsingSpecials: parsing)
        #expect(tokenizer.decode(ids, skippingSpecials: false) == bytes, "seed \(seed)")
      }
    }
  }
}
