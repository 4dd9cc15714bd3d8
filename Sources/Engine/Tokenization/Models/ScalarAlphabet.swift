/// What SentencePiece's byte-pair encoding starts from: a token for each scalar, or else for each
/// of its bytes, or else the unknown token.
struct ScalarAlphabet: Sendable {
  /// The tokens of scalars, by value.
  let scalars: [UInt32: UInt32]
  /// The token of each byte, by byte, where there are such tokens.
  let bytes: [UInt32?]
  /// The token for scalars without one; if it is nil, they are left out.
  let unknown: UInt32?
  /// Whether a run of such scalars is one unknown token.
  let fusesUnknown: Bool

  /// Calls `body` with the tokens of a text before any merge.
  func forEachSymbol(of text: Span<UInt8>, _ range: Range<Int>, _ body: (UInt32) -> Void) {
    let text = ScalarText(text, range)
    var position = range.lowerBound
    // An unknown token waits until a scalar that is a token follows, as the tokenizers library has
    // it.
    var waiting: UInt32?
    while let item = text.scalar(at: position) {
      defer { position = item.next }
      if let token = item.value.flatMap({ scalars[$0] }) {
        if let unknown = waiting { body(unknown) }
        waiting = nil
        body(token)
      } else if let tokens = byteTokens(of: text, position..<item.next) {
        for token in tokens { body(token) }
      } else {
        if let earlier = waiting, !fusesUnknown { body(earlier) }
        waiting = unknown
      }
    }
    if let unknown = waiting { body(unknown) }
  }

  /// The tokens of a scalar's bytes, nil unless all of them have one.
  private func byteTokens(of text: borrowing ScalarText, _ range: Range<Int>) -> [UInt32]? {
    var tokens: [UInt32] = []
    for position in range {
      guard let byte = text.byte(position), let token = bytes[Int(byte)] else { return nil }
      tokens.append(token)
    }
    return tokens
  }
}
