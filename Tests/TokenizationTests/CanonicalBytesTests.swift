import Testing
import Tokenization

@Suite struct CanonicalBytesTests {
  @Test func writesTheDocumentedLayout() throws {
    let vocabulary = Vocabulary(
      model: "gpt2", preTokenizer: "gpt-2", tokens: ["a", "b", "ab", "<e>"].map { Array($0.utf8) },
      types: [1, 1, 1, 3], merges: [Array("a b".utf8)], endOfText: 3)
    var bytes: [UInt8] = []
    try Tokenizer(vocabulary).writeCanonicalBytes { bytes += $0 }
    var expected: [UInt8] = [4, 0, 0, 0] + Array("gpt2".utf8) + [5, 0, 0, 0] + Array("gpt-2".utf8)
    expected += [4, 0, 0, 0, 0, 0, 0, 0]
    expected += [1, 0, 0, 0, 1, 0, 0, 0] + Array("a".utf8)
    expected += [1, 0, 0, 0, 1, 0, 0, 0] + Array("b".utf8)
    expected += [1, 0, 0, 0, 2, 0, 0, 0] + Array("ab".utf8)
    expected += [3, 0, 0, 0, 3, 0, 0, 0] + Array("<e>".utf8)
    expected += [1, 0, 0, 0, 0, 0, 0, 0] + [0, 0, 0, 0] + [1, 0, 0, 0]
    expected += [UInt8](repeating: 0xFF, count: 8) + [3, 0, 0, 0, 0, 0, 0, 0] + [0]
    #expect(bytes == expected)
  }

  private func description(_ change: (inout Vocabulary) -> Void) throws -> [UInt8] {
    var vocabulary = SyntheticVocabulary.make()
    change(&vocabulary)
    var bytes: [UInt8] = []
    try Tokenizer(vocabulary).writeCanonicalBytes { bytes += $0 }
    return bytes
  }

  @Test(
    "what ends a generation, and which of overlapping tokens is found first, is no part of them")
  func leavesOut() throws {
    let plain = try description { _ in }
    #expect(try description { $0.endsOfGeneration = [7, 8] } == plain)
    #expect(try description { $0.traits = [0: .isFoundLater] } == plain)
    let trait = try description { $0.traits = [0: .takesSpacesAfter] }
    #expect(try description { $0.traits = [0: [.takesSpacesAfter, .isFoundLater]] } == trait)
  }

  @Test(
    "a token that is spelled like a control token is written as one, as by converters to GGUF",
    arguments: [
      ("<|file_sep|>", true), ("<｜tool｜>", true), ("<unused7>", true), ("<pad>", true),
      ("[@BOS@]", true), ("<tool_call>", false), ("<|x>", false), ("<padding>", false),
    ])
  func spelledAsControl(name: String, isControl: Bool) throws {
    let types = try ([3, 4, 1] as [Int32]).map { type in
      try description { $0.add(Array(name.utf8), type: type) }
    }
    #expect((types[0] == types[1]) == isControl)
    #expect(types[0] != types[2])
  }

  @Test("a user-defined token of spaces is one token, however a file spells it")
  func spaces() throws {
    let bytes = try ["   ", "▁▁▁", "▁▁"].map { spelling in
      let tokens = ["<unk>", "<s>", "</s>", "a", spelling].map { Array($0.utf8) }
      var vocabulary = Vocabulary(
        model: "llama", preTokenizer: "plain", tokens: tokens, types: [2, 3, 3, 1, 4], merges: [],
        endOfText: 2)
      vocabulary.unknown = 0
      var bytes: [UInt8] = []
      try Tokenizer(vocabulary).writeCanonicalBytes { bytes += $0 }
      return bytes
    }
    #expect(bytes[0] == bytes[1] && bytes[1] != bytes[2])
  }

  @Test func tellsDifferentTokenizersApart() throws {
    let all = try [
      description { _ in }, description { $0.preTokenizer = "gpt-2" },
      description { $0.tokens.swapAt(10, 11) }, description { $0.types[0] = 1 },
      description { $0.beginOfText = nil }, description { $0.endOfText = 1 },
      description { $0.addsBeginOfText = true },
    ]
    #expect(Set(all).count == all.count)
  }
}
