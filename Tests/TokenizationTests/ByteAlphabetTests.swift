import Testing

@testable import Tokenization

@Suite struct ByteAlphabetTests {
  @Test(arguments: [(0x00, "Ā"), (0x0A, "Ċ"), (0x20, "Ġ"), (0x41, "A"), (0x7F, "ġ"), (0xAD, "Ń")])
  func spellsLikeGPT2(byte: Int, spelling: String) {
    #expect(ByteAlphabet.spellings[byte] == Array(spelling.utf8))
  }

  @Test func spellsEveryByteAndReadsItBack() {
    for byte in UInt8.min...UInt8.max {
      let spelling = ByteAlphabet.spellings[Int(byte)]
      #expect(spelling == SyntheticVocabulary.spelling([byte]))
      #expect(ByteAlphabet.bytes(spelledBy: spelling) == [byte])
    }
  }

  @Test(arguments: [" ", "\u{AD}", "\u{144}", "語", "a b"])
  func rejectsOtherScalars(text: String) {
    #expect(ByteAlphabet.bytes(spelledBy: Array(text.utf8)) == nil)
  }

  @Test func rejectsWhatIsNoUTF8() {
    #expect(ByteAlphabet.bytes(spelledBy: [0x41, 0xC4]) == nil)
  }
}
