extension Tokenizer {
  /// The token ids of a text in UTF-8.
  ///
  /// No begin-of-text token is added. User-defined tokens are always found in the text; control
  /// tokens written in it (`<|im_start|>`) are parsed as such if `parsingSpecials` is true, and are
  /// plain text otherwise.
  ///
  /// Invalid UTF-8 is encoded like punctuation, or byte by byte. Text without a token is left out,
  /// or becomes the unknown token. SmolLM2 lacks six control characters (0x04, 0x06, 0x13, 0x14,
  /// 0x16 and 0x1D), and bytes that only unassigned planes and invalid UTF-8 need. All other text
  /// comes back from `texts(of:continuing:)`, in NFC where the pre-tokeniser normalises.
  ///
  /// - Parameter continuing: Whether other text comes before this one, so that no space is added.
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
