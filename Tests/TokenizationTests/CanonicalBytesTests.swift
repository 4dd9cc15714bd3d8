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

  @Test func tellsDifferentTokenizersApart() throws {
    func description(_ change: (inout Vocabulary) -> Void) throws -> [UInt8] {
      var vocabulary = SyntheticVocabulary.make()
      change(&vocabulary)
      var bytes: [UInt8] = []
      try Tokenizer(vocabulary).writeCanonicalBytes { bytes += $0 }
      return bytes
    }
    let all = try [
      description { _ in }, description { $0.preTokenizer = "gpt-2" },
      description { $0.tokens.swapAt(10, 11) }, description { $0.types[0] = 1 },
      description { $0.beginOfText = nil }, description { $0.endOfText = 1 },
      description { $0.addsBeginOfText = true },
    ]
    #expect(Set(all).count == all.count)
  }
}
