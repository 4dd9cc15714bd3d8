/// How text becomes tokens.
enum EncodingMethod: Sendable {
  /// Byte-pair encoding of the bytes of words.
  case byteLevel(BytePairModel, PreTokenizer)
  /// A vocabulary of SentencePiece's, over text whose spaces are marked.
  case marked(Pieces, SpaceMarking)

  /// What SentencePiece makes of marked text.
  enum Pieces: Sendable {
    case bytePair(BytePairModel)
    case unigram(UnigramModel)
  }

  /// The byte-pair encoding, if it is one.
  var bytePair: BytePairModel? {
    switch self {
    case .byteLevel(let model, _), .marked(.bytePair(let model), _): model
    case .marked(.unigram, _): nil
    }
  }

  /// Whether text changes before tokens are sought in it a second time.
  var normalizes: Bool {
    switch self {
    case .byteLevel(_, let preTokenizer): preTokenizer.normalizes
    case .marked(_, let marking): marking.isNormalizer
    }
  }

  /// Whether a space is added before a text that starts at the beginning, or behind an added token.
  func addsSpace(atStart: Bool) -> Bool {
    guard case .marked(_, let marking) = self else { return false }
    return marking.adds(atStart: atStart)
  }

  /// Whether a space is added before every section, even if one stands there.
  var alwaysAddsSpace: Bool {
    guard case .marked(_, .prepended) = self else { return false }
    return true
  }

  /// A part of a text as it is when tokens are sought in it a second time.
  func normalized(_ bytes: Span<UInt8>, _ range: Range<Int>, adds: Bool) -> [UInt8] {
    switch self {
    case .byteLevel(_, let preTokenizer) where preTokenizer.normalizes:
      NFC.normalized(bytes, range)
    case .marked(_, let marking) where marking.isNormalizer:
      marking.marked(bytes, range, adds: adds)
    case .byteLevel, .marked: range.map { bytes[$0] }
    }
  }
}
