/// A byte-pair encoding: the tokens of a word before any merge, and the merges.
struct BytePairModel: Sendable {
  /// What a word is made of before any merge.
  enum Alphabet: Sendable {
    /// The token of each byte, by byte; nil for a byte without a token.
    case bytes([UInt32?])
    /// Scalars, and bytes for those that are no tokens.
    case scalars(ScalarAlphabet)
  }

  /// The tokens of a word before any merge.
  let alphabet: Alphabet
  /// The merges by the tokens that they join.
  let merges: MergeTable
  /// The tokens of words that are not cut, by their bytes.
  var wholeWords: [[UInt8]: UInt32] = [:]

  /// Calls `body` with the tokens of a word before any merge.
  ///
  /// Bytes without a token are left out before merging, as the tokenizers library does.
  func forEachSymbol(of bytes: Span<UInt8>, _ range: Range<Int>, _ body: (UInt32) -> Void) {
    switch alphabet {
    case .bytes(let tokens):
      for index in range { if let token = tokens[Int(bytes[index])] { body(token) } }
    case .scalars(let alphabet): alphabet.forEachSymbol(of: bytes, range, body)
    }
  }
}
