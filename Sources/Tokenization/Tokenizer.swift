/// Turns text into the token ids of a model, and back.
///
/// Everything is keyed by bytes: two texts that Swift's `String` holds to be equal, such as "é" and
/// "e" with a combining accent, are different tokens.
public struct Tokenizer: Sendable {
  /// What the model file said.
  let vocabulary: Vocabulary
  /// The type of each token, by id.
  let types: [Vocabulary.TokenType]
  /// The bytes of text that each token stands for, by id.
  let pieces: [[UInt8]]
  let preTokenizer: PreTokenizer
  let model: BytePairModel
  /// The tokens that are always found as they stand.
  let userDefinedTokens: AddedTokens
  /// Those, and the special ones with them.
  let addedTokens: AddedTokens
  private let endsOfGeneration: Set<Int>

  /// Builds a tokenizer from what a model file says.
  ///
  /// - Throws: `TokenizationError.unsupportedModel` and `.unsupportedPreTokenizer` for what is not
  ///   built in; `.inconsistentVocabulary` if the types do not number as many as the tokens or one
  ///   is not known, two tokens are spelled alike, a merge does not join two tokens to a third or
  ///   stands there twice, or a begin or end id names no token.
  public init(_ vocabulary: Vocabulary) throws(TokenizationError) {
    guard Vocabulary.Kind(rawValue: vocabulary.model) != nil else {
      throw .unsupportedModel(name: vocabulary.model)
    }
    guard let preTokenizer = PreTokenizer(rawValue: vocabulary.preTokenizer) else {
      throw .unsupportedPreTokenizer(name: vocabulary.preTokenizer)
    }
    let types = try vocabulary.checkedTypes()
    let ids = try vocabulary.idsBySpelling()
    try vocabulary.checkSpecialIDs()
    self.vocabulary = vocabulary
    self.types = types
    self.preTokenizer = preTokenizer
    model = try BytePairModel(merges: vocabulary.merges, ids: ids)
    pieces = zip(vocabulary.tokens, types).map(Self.piece)
    userDefinedTokens = AddedTokens(vocabulary.tokens(of: [.userDefined], types))
    addedTokens = AddedTokens(vocabulary.tokens(of: [.userDefined, .control, .unknown], types))
    endsOfGeneration = vocabulary.endsOfGeneration(types)
  }

  /// How many tokens there are; ids lie below it.
  public var vocabularySize: Int { vocabulary.tokens.count }

  /// The id of the token that begins a text, if the model has one.
  public var beginOfText: Int? { vocabulary.beginOfText }

  /// The id of the token that ends a text, if the model has one.
  public var endOfText: Int? { vocabulary.endOfText }

  /// Whether the model expects the begin-of-text token before every text. `encode` never adds it.
  public var addsBeginOfText: Bool { vocabulary.addsBeginOfText }

  /// Whether a model that generates this token is done: the end of text, or a control token that
  /// by its name ends a turn.
  public func isEndOfGeneration(_ id: Int) -> Bool { endsOfGeneration.contains(id) }

  /// The bytes that a token stands for. A token whose spelling leaves the byte alphabet stands for
  /// its spelling, as the tokenizers library has it.
  private static func piece(_ spelling: [UInt8], _ type: Vocabulary.TokenType) -> [UInt8] {
    switch type {
    case .normal, .byte: ByteAlphabet.bytes(spelledBy: spelling) ?? spelling
    case .control, .unknown, .userDefined: spelling
    case .unused: []
    }
  }
}
