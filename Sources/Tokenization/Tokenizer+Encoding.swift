extension Tokenizer {
  /// The token ids of a text in UTF-8.
  ///
  /// No begin-of-text token is added. User-defined tokens are always found in the text; control
  /// tokens written in it (`<|im_start|>`) are parsed as such if `parsingSpecials` is true, and are
  /// plain text otherwise.
  ///
  /// Bytes that are no valid UTF-8 are encoded like punctuation. A byte for which the vocabulary has
  /// no token is left out: SmolLM2 lacks six control characters (0x04, 0x06, 0x13, 0x14, 0x16 and
  /// 0x1D) and bytes that only planes without assigned scalars or invalid UTF-8 need. For all other
  /// text, `decode` gives back what was encoded.
  public func encode(_ text: [UInt8], parsingSpecials: Bool) -> [Int] {
    let bytes = text.span
    let added = parsingSpecials ? addedTokens : userDefinedTokens
    var encoder = BytePairEncoder(model)
    var start = 0
    while let match = added.firstMatch(in: bytes, from: start) {
      append(start..<match.range.lowerBound, of: bytes, to: &encoder)
      encoder.append(token: match.id)
      start = match.range.upperBound
    }
    append(start..<bytes.count, of: bytes, to: &encoder)
    return encoder.output
  }

  /// The token ids of a text; see `encode(_:parsingSpecials:)` over bytes.
  public func encode(_ text: String, parsingSpecials: Bool) -> [Int] {
    encode(Array(text.utf8), parsingSpecials: parsingSpecials)
  }

  private func append(
    _ range: Range<Int>, of bytes: Span<UInt8>, to encoder: inout BytePairEncoder
  ) {
    preTokenizer.forEachWord(in: bytes, range: range) { encoder.append(word: $0, of: bytes) }
  }
}
