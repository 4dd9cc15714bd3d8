/// Turns text into the token ids of a model, and back.
///
/// Everything is keyed by bytes: two texts that are equal as `String`s, such as "é" and "e" with a
/// combining accent, are different tokens.
public struct Tokenizer: Sendable {
  /// Added tokens by where they are found.
  struct Added: Sendable {
    let inText: AddedTokens
    let inNormalizedText: AddedTokens
  }

  /// What the model file said.
  let vocabulary: Vocabulary
  /// The type of each token, by id; marks of the chat template are control, whatever the file says.
  let types: [Vocabulary.TokenType]
  /// The bytes of text that each token stands for, by id.
  let pieces: [[UInt8]]
  let method: EncodingMethod
  /// The tokens that are always found in text.
  let userDefinedTokens: Added
  /// The user-defined and the special tokens.
  let addedTokens: Added
  private let endsOfGeneration: Set<Int>

  /// Builds a tokenizer from what a model file says.
  ///
  /// - Throws: `TokenizationError.unsupportedModel` and `.unsupportedPreTokenizer` for what is not
  ///   supported. `.inconsistentVocabulary` if there are not as many types or scores as tokens; a
  ///   type is unknown or a score no number; two tokens are spelled alike; a merge does not join
  ///   two tokens to a third, or occurs twice; or a begin, end or unknown id names no token.
  public init(_ vocabulary: Vocabulary) throws(TokenizationError) {
    guard let kind = Vocabulary.Kind(rawValue: vocabulary.model) else {
      throw .unsupportedModel(name: vocabulary.model)
    }
    let given = try vocabulary.checkedTypes()
    let ids = try vocabulary.idsBySpelling()
    try vocabulary.checkSpecialIDs()
    try vocabulary.checkScores(kind)
    self.vocabulary = vocabulary
    let types = vocabulary.effectiveTypes(given)
    self.types = types
    let method = try vocabulary.method(kind, given, ids)
    self.method = method
    pieces = zip(vocabulary.tokens, types).map { Self.piece($0, $1, kind) }
    func added(_ wanted: [Vocabulary.TokenType]) -> Added {
      let tokens = vocabulary.tokens(of: wanted, types)
      return Added(
        inText: AddedTokens(tokens.filter { !$0.isLater }.map(\.token)),
        inNormalizedText: AddedTokens(
          tokens.filter(\.isLater).map { method.normalized($0.token) }))
    }
    userDefinedTokens = added([.userDefined])
    addedTokens = added([.userDefined, .control, .unknown])
    endsOfGeneration = vocabulary.allEndsOfGeneration(types)
  }

  /// How many tokens there are; ids lie below it.
  public var vocabularySize: Int { vocabulary.tokens.count }

  /// The id of the token that begins a text, if the model has one.
  public var beginOfText: Int? { vocabulary.beginOfText }

  /// The id of the token that ends a text, if the model has one.
  public var endOfText: Int? { vocabulary.endOfText }

  /// Whether the model expects the begin-of-text token before every text. `encode` never adds it.
  public var addsBeginOfText: Bool { vocabulary.addsBeginOfText }

  /// Whether a model that generates this token is done: the model's files name it as an end, or its
  /// name is known to end a text or a turn.
  public func isEndOfGeneration(_ id: Int) -> Bool { endsOfGeneration.contains(id) }

  /// Whether a name in a text, such as `<|im_end|>`, is one token there.
  public func hasToken(named name: String) -> Bool {
    let spelling = Array(name.utf8)
    return vocabulary.tokens.indices.contains {
      types[$0].isAdded && vocabulary.tokens[$0] == spelling
    }
  }

  /// The bytes that a token stands for. A token of byte-level BPE with a scalar outside the byte
  /// alphabet stands for its spelling, as in the tokenizers library.
  private static func piece(
    _ spelling: [UInt8], _ type: Vocabulary.TokenType, _ kind: Vocabulary.Kind
  ) -> [UInt8] {
    switch (type, kind) {
    case (.unused, _): []
    case (.control, _), (.unknown, _), (.userDefined, .byteLevelBPE): spelling
    case (.normal, .byteLevelBPE), (.byte, .byteLevelBPE):
      ByteAlphabet.bytes(spelledBy: spelling) ?? spelling
    case (.byte, _): ByteSpelling.byte(spelledBy: spelling).map { [$0] } ?? spelling
    case (.normal, _), (.userDefined, _): SpaceMarking.unmarked(spelling)
    }
  }
}
