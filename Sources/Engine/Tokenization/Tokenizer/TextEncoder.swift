/// Encodes the sections between the added tokens of one text.
struct TextEncoder {
  /// The ids so far.
  private(set) var output: [Int] = []

  private let method: EncodingMethod
  /// Tokens that are found only once the text is normalised.
  private let addedLater: AddedTokens
  private var words: BytePairEncoder?

  init(_ method: EncodingMethod, addedLater: AddedTokens) {
    self.method = method
    self.addedLater = addedLater
    words = method.bytePair.map { BytePairEncoder($0) }
  }

  /// Appends a token that was found in the text.
  mutating func append(token: Int) { output.append(token) }

  /// Appends the section at `range` of `bytes`.
  ///
  /// - Parameter continuing: Whether other text comes before the bytes.
  mutating func append(_ range: Range<Int>, of bytes: Span<UInt8>, continuing: Bool) {
    let isFirst = range.lowerBound == 0
    let adds = method.addsSpace(atStart: isFirst) && !(isFirst && continuing)
    guard method.normalizes || !addedLater.isEmpty else {
      return append(text: range, of: bytes, adds: adds)
    }
    let normalized = method.normalized(bytes, range, adds: adds)
    for section in addedLater.sections(of: normalized.span) {
      switch section {
      case .token(let id): output.append(id)
      case .text(let part):
        let addsHere = part.lowerBound == 0 ? adds : method.addsSpace(atStart: false)
        append(text: part, of: normalized.span, adds: addsHere)
      }
    }
  }

  /// Appends a normalised text without added tokens.
  private mutating func append(text range: Range<Int>, of bytes: Span<UInt8>, adds: Bool) {
    switch method {
    case .byteLevel(_, let preTokenizer):
      preTokenizer.forEachWord(in: bytes, range: range) { append(word: $0, of: bytes) }
    case .marked(_, let marking) where marking.isNormalizer: append(word: range, of: bytes)
    case .marked(_, let marking):
      let marked = marking.marked(bytes, range, adds: adds)
      marking.forEachWord(in: marked.span) { append(word: $0, of: marked.span) }
    }
  }

  private mutating func append(word range: Range<Int>, of bytes: Span<UInt8>) {
    if case .marked(.unigram(let model), _) = method {
      model.append(range, of: bytes, to: &output)
    } else {
      words?.append(word: range, of: bytes, to: &output)
    }
  }
}
