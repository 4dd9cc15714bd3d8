/// A byte-pair encoding: the tokens that a word starts as, and the merges.
struct BytePairModel: Sendable {
  /// What a word is made of before any merge.
  enum Alphabet: Sendable {
    /// The token of each byte, by byte; nil for a byte that the vocabulary cannot say.
    case bytes([UInt32?])
    /// Scalars, and bytes for those that are no tokens.
    case scalars(ScalarAlphabet)
  }

  /// What a word starts as.
  let alphabet: Alphabet
  /// The merges by the tokens that they join.
  let merges: MergeTable
  /// Words that are taken whole, by their bytes.
  var wholeWords: [[UInt8]: UInt32] = [:]

  /// Calls `body` with the tokens that a word starts as.
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
