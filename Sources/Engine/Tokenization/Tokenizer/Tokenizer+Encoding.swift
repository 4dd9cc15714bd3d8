extension Tokenizer {
  /// The token ids of a text in UTF-8.
  ///
  /// No begin-of-text token is added. User-defined tokens are always found in the text; control
  /// tokens written in it (`<|im_start|>`) are parsed as such if `parsingSpecials` is true, and are
  /// plain text otherwise.
  ///
  /// Bytes that are no valid UTF-8 are encoded like punctuation, or one by one. What a vocabulary cannot
  /// say is left out, or the unknown token stands for it: SmolLM2 lacks six control characters (0x04,
  /// 0x06, 0x13, 0x14, 0x16 and 0x1D) and bytes that only planes without assigned scalars or invalid
  /// UTF-8 need. Of all other text, `texts(of:continuing:)` gives back what was encoded, in NFC where the
  /// pre-tokeniser asks for that.
  ///
  /// - Parameter continuing: Whether other text stands before this one, so that no space is added.
  public func encode(
    _ text: [UInt8], parsingSpecials: Bool, continuing: Bool = false
  ) -> [Int] {
    let added = parsingSpecials ? addedTokens : userDefinedTokens
    var encoder = TextEncoder(method, addedLater: added.inNormalizedText)
    for section in added.inText.sections(of: text.span) {
      switch section {
      case .token(let id): encoder.append(token: id)
      case .text(let range):
        encoder.append(range, of: text.span, continuing: continuing)
      }
    }
    return encoder.output
  }

  /// The token ids of a text; see `encode(_:parsingSpecials:continuing:)` over bytes.
  public func encode(
    _ text: String, parsingSpecials: Bool, continuing: Bool = false
  ) -> [Int] {
    encode(Array(text.utf8), parsingSpecials: parsingSpecials, continuing: continuing)
  }
}
