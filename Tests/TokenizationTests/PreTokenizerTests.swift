import TestSupport
import Testing

@testable import Tokenization

@Suite struct PreTokenizerTests {
  @Test(arguments: [
    ("", []), (" ", [" "]), ("  ", ["  "]), ("a b", ["a", " b"]), ("a  b", ["a", " ", " b"]),
    ("a \n b", ["a", " \n", " b"]), ("\n\na", ["\n", "\n", "a"]), ("a\tb", ["a", "\t", "b"]),
    ("a   ", ["a", "   "]), ("it's", ["it", "'s"]), ("IT'S", ["IT", "'", "S"]),
    (" 's", [" '", "s"]),
    ("we'll've", ["we", "'ll", "'ve"]), ("''s", ["''", "s"]), ("'r", ["'", "r"]),
    ("'l", ["'", "l"]),
    ("x!? y", ["x", "!?", " y"]), ("\u{A0}a", ["\u{A0}", "a"]),
    ("a\u{301}b", ["a", "\u{301}", "b"]),
    ("日本", ["日本"]), ("\u{3000}日", ["\u{3000}", "日"]),
    ("a\u{85}\u{2028}b", ["a", "\u{85}", "\u{2028}", "b"]),
    ("12 34", ["12", " 34"]), ("½Ⅷ²", ["½Ⅷ²"]), ("a\u{200B}b", ["a", "\u{200B}", "b"]),
  ])
  func cutsLikeGPT2(text: String, words: [String]) {
    #expect(split(text, .gpt2) == words.map { Array($0.utf8) })
  }

  @Test(arguments: [
    ("12 34", ["1", "2", " ", "3", "4"]), ("a  7", ["a", "  ", "7"]), ("½Ⅷ²", ["½", "Ⅷ", "²"]),
    ("x1'sy", ["x", "1", "'s", "y"]), ("٣٤ x", ["٣", "٤", " x"]),
  ])
  func isolatesNumbersForSmollm(text: String, words: [String]) {
    #expect(split(text, .smollm) == words.map { Array($0.utf8) })
  }

  @Test func takesScalarsAfterUnicode16AsOther() {
    // U+088F is a letter of Unicode 17.
    #expect(split("a\u{88F}!", .gpt2) == ["a", "\u{88F}!"].map { Array($0.utf8) })
  }

  @Test func cutsAsThePatternDoes() throws {
    let pattern = try Regex(
      #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    ).matchingSemantics(.unicodeScalar)
    for seed in 1...200 as ClosedRange<UInt64> {
      var generator = SeededGenerator(seed: seed)
      var text = ""
      for _ in 0..<60 {
        let scalar = generator.scalar()
        if let age = scalar.properties.age, age.major <= 16 { text.unicodeScalars.append(scalar) }
      }
      let expected = text.matches(of: pattern).map { Array(text[$0.range].utf8) }
      #expect(split(text, .gpt2) == expected, "seed \(seed)")
    }
  }

  @Test(arguments: PreTokenizer.allCases)
  func coversAnyBytes(preTokenizer: PreTokenizer) {
    for seed in 1...200 as ClosedRange<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let bytes = generator.bytes(upTo: 60)
      let words = split(bytes, preTokenizer)
      #expect(Array(words.joined()) == bytes, "seed \(seed)")
      #expect(words.allSatisfy { !$0.isEmpty }, "seed \(seed)")
    }
  }

  private func split(_ text: String, _ preTokenizer: PreTokenizer) -> [[UInt8]] {
    split(Array(text.utf8), preTokenizer)
  }

  private func split(_ bytes: [UInt8], _ preTokenizer: PreTokenizer) -> [[UInt8]] {
    var words: [[UInt8]] = []
    preTokenizer.forEachWord(in: bytes.span, range: bytes.indices) {
      words.append(Array(bytes[$0]))
    }
    return words
  }
}
