/// How SentencePiece's vocabularies spell the tokens of single bytes: `<0x0A>`.
enum ByteSpelling {
  /// The byte that a spelling stands for; nil if it stands for none.
  static func byte(spelledBy spelling: [UInt8]) -> UInt8? {
    guard spelling.count == 6, spelling.starts(with: "<0x".utf8), spelling[5] == UInt8(ascii: ">"),
      let high = digit(spelling[3]), let low = digit(spelling[4])
    else { return nil }
    return high << 4 | low
  }

  /// Upper case only, as the tokenizers library writes them.
  private static func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
