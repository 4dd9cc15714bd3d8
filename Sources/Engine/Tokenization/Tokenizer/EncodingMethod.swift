/// How text becomes tokens.
enum EncodingMethod: Sendable {
  /// Byte-pair encoding of the bytes of words.
  case byteLevel(BytePairModel, PreTokenizer)
  /// SentencePiece's pieces of text whose spaces are marked.
  case marked(Pieces, SpaceMarking)

  /// How SentencePiece cuts marked text into pieces.
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

  /// Whether text is normalised before added tokens are sought in it a second time.
  var normalizes: Bool {
    switch self {
    case .byteLevel(_, let preTokenizer): preTokenizer.normalizes
    case .marked(_, let marking): marking.isNormalizer
    }
  }

  /// Whether a space is added: at the beginning of a text, or after an added token.
  func addsSpace(atStart: Bool) -> Bool {
    guard case .marked(_, let marking) = self else { return false }
    return marking.adds(atStart: atStart)
  }

  /// Whether a space is added before every section, even if it starts with one.
  var alwaysAddsSpace: Bool {
    guard case .marked(_, .prepended) = self else { return false }
    return true
  }

  /// A part of a text as it is when added tokens are sought in it a second time.
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
