import Testing
import Tokenization

@Suite struct VocabularyTests {
  @Test func rejectsUnknownKindsByName() {
    var vocabulary = SyntheticVocabulary.make()
    vocabulary.model = "bert"
    #expect(rejection(of: vocabulary) == .unsupportedModel(name: "bert"))
    vocabulary = SyntheticVocabulary.make(preTokenizer: "\u{1B}[2Jqwen2")
    let error = rejection(of: vocabulary)
    #expect(error == .unsupportedPreTokenizer(name: "\u{1B}[2Jqwen2"))
    #expect(
      error?.description.hasPrefix(
        #"the pre-tokeniser "\u{1B}[2Jqwen2" is not supported; supported: "gpt-2", "smollm", "#)
        == true)
  }

  @Test func rejectsContradictions() {
    expectRejection("there are 260 tokens and 259 token types") { $0.types.removeLast() }
    expectRejection("token 7 is of the unknown type 9") { $0.types[7] = 9 }
    expectRejection(#"tokens 69 and 260 are both "A""#) { $0.add([0x41], type: 1) }
    expectRejection("the begin-of-text id is 260 and there are 260 tokens") { $0.beginOfText = 260 }
    expectRejection("the end-of-text id is -1 and there are 260 tokens") { $0.endOfText = -1 }
    expectRejection("a begin-of-text token is to be added but none is named") {
      $0.beginOfText = nil
      $0.addsBeginOfText = true
    }
  }

  @Test(arguments: ["a", "a ", " a", "a  b", "a b c", "a b", "xx b", ""])
  func rejectsMergesThatNameNoToken(line: String) {
    expectRejection("merge 0, \(line.debugDescription), is not two tokens that join to a third") {
      $0.merges = [Array(line.utf8)]
    }
  }

  @Test func rejectsARepeatedMerge() {
    expectRejection(#"merge 1, "a b", is in the list twice"#) {
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
    vocabulary.endsOfGeneration = [11, 400]
    let more = try Tokenizer(vocabulary)
    #expect((-1...260).filter(more.isEndOfGeneration) == [0, 2, 9, 11])
  }

  @Test(
    "a well-known token ends a generation whatever its type",
    arguments: ["<|eot_id|>", "<|eom_id|>", "<|end|>", "<end_of_turn>", "<eos>", "[EOT]"],
    [1, 3, 4, 5])
  func wellKnownEnds(name: String, type: Int32) throws {
    var vocabulary = SyntheticVocabulary.make()
    vocabulary.add(Array(name.utf8), type: type)
    #expect(try Tokenizer(vocabulary).isEndOfGeneration(260))
  }

  @Test("</s> is an HTML tag to some models, and ends only as a control token or by its id")
  func endOfSentence() throws {
    for (type, isNamed, ends) in [
      (3, false, true), (4, false, false), (1, false, false), (4, true, true),
    ]
      as [(Int32, Bool, Bool)]
    {
      var vocabulary = SyntheticVocabulary.make()
      vocabulary.add(Array("</s>".utf8), type: type)
      if isNamed { vocabulary.endOfText = 260 }
      #expect(try Tokenizer(vocabulary).isEndOfGeneration(260) == ends)
    }
  }

  @Test("where answers have several parts, <|end|> ends only one of them")
  func endOfPart() throws {
    for (others, ends) in [
      (["<|return|>", "<|call|>"], false), (["<|flush|>", "<|calls|>"], false),
      (["<|return|>"], true), (["<|call|>"], true),
    ] {
      var vocabulary = SyntheticVocabulary.make()
      for name in ["<|end|>"] + others { vocabulary.add(Array(name.utf8), type: 3) }
      let tokenizer = try Tokenizer(vocabulary)
      #expect(tokenizer.isEndOfGeneration(260) == ends)
      #expect((261..<261 + others.count).allSatisfy(tokenizer.isEndOfGeneration))
      vocabulary.endsOfGeneration = [260]
      #expect(try Tokenizer(vocabulary).isEndOfGeneration(260), "a file says so")
    }
  }

  @Test("the begin and end of text are tokens in a text, even if their type is a piece of text")
  func boundaries() throws {
    var vocabulary = SyntheticVocabulary.make()
    vocabulary.add(Array("<s>".utf8), type: 1)
    vocabulary.beginOfText = 260
    let ids = SyntheticVocabulary.ids("a")
    #expect(try Tokenizer(vocabulary).encode("a<s>", parsingSpecials: true) == ids + [260])
    vocabulary.beginOfText = ids[0]
    #expect(try Tokenizer(vocabulary).encode("aa", parsingSpecials: true) == ids + ids)
    #expect(try !Tokenizer(vocabulary).hasToken(named: "a"), "it is a piece of text")
  }

  private func rejection(of vocabulary: Vocabulary) -> TokenizationError? {
    #expect(throws: TokenizationError.self) { try Tokenizer(vocabulary) }
  }

  private func expectRejection(
    _ problem: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ change: (inout Vocabulary) -> Void
  ) {
    var vocabulary = SyntheticVocabulary.make()
    change(&vocabulary)
    #expect(
      rejection(of: vocabulary) == .inconsistentVocabulary(problem: problem),
      sourceLocation: sourceLocation)
  }
}
