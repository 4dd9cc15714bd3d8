import TestSupport
import Testing
import Tokenization

@Suite struct DecodingTests {
  @Test func skipsSpecialsIfAsked() throws {
    let tokenizer = try Tokenizer(SyntheticVocabulary.make())
    let ids = [1] + SyntheticVocabulary.ids("hi") + [2]
    #expect(tokenizer.decode(ids) == Array("hi".utf8))
    #expect(
      tokenizer.decode(ids, skippingSpecials: false) == Array("<|im_start|>hi<|im_end|>".utf8))
  }

  @Test(arguments: [Int.min, -1, 260, Int.max])
  func decodesIdsOutsideTheVocabularyToNothing(id: Int) throws {
    let tokenizer = try Tokenizer(SyntheticVocabulary.make())
    #expect(tokenizer.decode([id]).isEmpty)
  }

  @Test func decodesEachTypeOfToken() throws {
    var vocabulary = SyntheticVocabulary.make()
    vocabulary.add(Array("Ġx".utf8), type: 4)
    vocabulary.add(Array("[PAD]".utf8), type: 5)
    vocabulary.add(Array("a b".utf8), type: 1)
    let tokenizer = try Tokenizer(vocabulary)
    #expect(tokenizer.decode([260]) == Array("Ġx".utf8))
    #expect(tokenizer.decode([261]).isEmpty)
    #expect(tokenizer.decode([262]) == Array("a b".utf8))
  }

  @Test func holdsBackHalfScalars() throws {
    var decoder = StreamingDecoder(try Tokenizer(SyntheticVocabulary.make()))
    let texts = SyntheticVocabulary.ids("aé👍").map { decoder.push($0) }
    #expect(texts == ["a", "", "é", "", "", "", "👍"])
    #expect(decoder.finish().isEmpty)
  }

  @Test func endsHalfScalarsWithAReplacement() throws {
    var decoder = StreamingDecoder(try Tokenizer(SyntheticVocabulary.make()))
    #expect(decoder.push(SyntheticVocabulary.id(0xF0)).isEmpty)
    #expect(decoder.push(SyntheticVocabulary.id(0x9F)).isEmpty)
    #expect(decoder.finish() == "\u{FFFD}")
    #expect(decoder.finish().isEmpty)
  }

  /// Overlong forms, surrogates and values above U+10FFFF.
  @Test(arguments: [[0xE0, 0x80], [0xED, 0xA0], [0xF0, 0x80], [0xF4, 0x90]] as [[UInt8]])
  func holdsBackNothingThatCannotBecomeWhole(bytes: [UInt8]) throws {
    var decoder = StreamingDecoder(try Tokenizer(SyntheticVocabulary.make()))
    let texts = bytes.map { decoder.push(SyntheticVocabulary.id($0)) }
    #expect(texts == ["", "\u{FFFD}\u{FFFD}"])
  }

  @Test func streamsWhatTheWholeDecodesTo() throws {
    let tokenizer = try Tokenizer(SyntheticVocabulary.make())
    for seed in 1...300 as ClosedRange<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let bytes = generator.bytes(upTo: 60)
      var decoder = StreamingDecoder(tokenizer)
      var text = bytes.map { decoder.push(SyntheticVocabulary.id($0)) }.joined()
      text += decoder.finish()
      let whole = String(decoding: bytes, as: UTF8.self)
      #expect(Array(text.utf8) == Array(whole.utf8), "seed \(seed)")
    }
  }
}
