import Testing
import Tokenization

@Suite struct VocabularyTests {
  @Test func refusesUnknownKindsByName() {
    var vocabulary = SyntheticVocabulary.make()
    vocabulary.model = "bert"
    #expect(refusal(of: vocabulary) == .unsupportedModel(name: "bert"))
    vocabulary = SyntheticVocabulary.make(preTokenizer: "\u{1B}[2Jqwen2")
    let error = refusal(of: vocabulary)
    #expect(error == .unsupportedPreTokenizer(name: "\u{1B}[2Jqwen2"))
    #expect(
      error?.description.hasPrefix(
        #"the pre-tokeniser "\u{1B}[2Jqwen2" is not supported; supported: "gpt-2", "smollm", "#)
        == true)
  }

  @Test func refusesTablesThatContradictEachOther() {
    expectRefusal("there are 260 tokens and 259 token types") { $0.types.removeLast() }
    expectRefusal("token 7 is of the unknown type 9") { $0.types[7] = 9 }
    expectRefusal(#"tokens 69 and 260 are both "A""#) { $0.add([0x41], type: 1) }
    expectRefusal("the begin-of-text id is 260 and there are 260 tokens") { $0.beginOfText = 260 }
    expectRefusal("the end-of-text id is -1 and there are 260 tokens") { $0.endOfText = -1 }
    expectRefusal("a begin-of-text token is to be added and none is named") {
      $0.beginOfText = nil
      $0.addsBeginOfText = true
    }
  }

  @Test(arguments: ["a", "a ", " a", "a  b", "a b c", "a b", "xx b", ""])
  func refusesMergesThatNameNoToken(line: String) {
    expectRefusal("merge 0, \(line.debugDescription), is not two tokens that join to a third") {
      $0.merges = [Array(line.utf8)]
    }
  }

  @Test func refusesAMergeThatStandsThereTwice() {
    expectRefusal(#"merge 1, "a b", stands in the list twice"#) {
      $0.add(Array("ab".utf8), type: 1)
      $0.merges = [Array("a b".utf8), Array("a b".utf8)]
    }
  }

  @Test func acceptsAnEmptyVocabulary() throws {
    let tokenizer = try Tokenizer(
      Vocabulary(model: "gpt2", preTokenizer: "gpt-2", tokens: [], types: [], merges: []))
    #expect(tokenizer.vocabularySize == 0)
    #expect(tokenizer.encode("text", parsingSpecials: true).isEmpty)
  }

  @Test func knowsWhatEndsAGeneration() throws {
    var vocabulary = SyntheticVocabulary.make()
    vocabulary.endOfText = 9
    let tokenizer = try Tokenizer(vocabulary)
    #expect((-1...260).filter(tokenizer.isEndOfGeneration) == [0, 2, 9])
  }

  private func refusal(of vocabulary: Vocabulary) -> TokenizationError? {
    #expect(throws: TokenizationError.self) { try Tokenizer(vocabulary) }
  }

  private func expectRefusal(
    _ problem: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ change: (inout Vocabulary) -> Void
  ) {
    var vocabulary = SyntheticVocabulary.make()
    change(&vocabulary)
    #expect(
      refusal(of: vocabulary) == .inconsistentVocabulary(problem: problem),
      sourceLocation: sourceLocation)
  }
}
