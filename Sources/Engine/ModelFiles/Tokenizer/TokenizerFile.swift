import ByteIO
import Tokenization

/// A `tokenizer.json` of the tokenizers library, as far as its parts are supported.
///
/// Every part that changes the ids of a text is recognised, or rejected by name. Truncation and
/// padding are ignored: they are a caller's settings.
struct TokenizerFile {
  let object: JSONObject
  /// The kind of tokenizer, and how text is cut or marked first.
  let form: TokenizerForm
  /// Spellings by id, without gaps.
  let tokens: [[UInt8]]
  /// As in GGUF: 1 normal, 3 control, 4 user-defined, 5 unused, 6 byte.
  let types: [Int32]
  /// "left right", best first.
  let merges: [[UInt8]]
  /// By id; unigrams only.
  let scores: [Float]
  /// The traits of added tokens, by id.
  let traits: [Int: Vocabulary.Traits]
  /// The id of the unknown token, if there is one.
  let unknown: Int?
  /// Whether a run of text without a token is one unknown token.
  let fusesUnknown: Bool
  /// The spellings of tokens that the embedding has no row for, if no other token has them.
  let beyond: Set<[UInt8]>
  /// The token that the post-processor puts before every text, if any.
  let firstSpecial: [UInt8]?

  /// Reads the file for a model whose embedding has `size` rows.
  init(path: String, size: Int) throws {
    object = try JSONObject(file: path, section: "tokenizer")
    try object.rejectKeys(besides: [
      "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
      "post_processor", "decoder", "model",
    ])
    guard let model = try object.object("model") else { throw object.error("model", "is missing") }
    form = try TokenizerForm(object, model)
    firstSpecial = try Self.postProcessor(object)
    var table = TokenTable(size: size)
    if form.kind == .unigram {
      try table.add(scoredVocabularyOf: model)
    } else {
      try table.add(vocabularyOf: model)
    }
    if try form.kind != .byteLevelBPE && model.bool("byte_fallback") == true { table.markBytes() }
    unknown = try Self.unknown(model, form, table.filled)
    try table.add(addedTokensOf: object, isNormalizing: form.isNormalizing)
    (tokens, types) = (table.filled, table.types)
    (scores, traits) = (table.scores, table.traits)
    beyond = table.beyond.subtracting(tokens)
    merges =
      try form.kind == .unigram
      ? [] : BeyondEmbedding(path: path, spellings: beyond).leavingOut(Self.merges(model))
    fusesUnknown = try form.kind == .unigram || model.bool("fuse_unk") == true
  }

  /// The id of the unknown token: byte-pair encodings name its spelling, unigrams its id.
  private static func unknown(
    _ model: JSONObject, _ form: TokenizerForm, _ tokens: [[UInt8]]
  ) throws(MalformedFile) -> Int? {
    switch form.kind {
    case .byteLevelBPE: return nil
    case .unigram: return try model.optionalInteger("unk_id", in: 0...tokens.count - 1)
    case .sentencePieceBPE:
      guard let spelling = try model.bytes("unk_token") else { return nil }
      guard let id = tokens.firstIndex(of: spelling) else {
        throw model.error("unk_token", "names no token")
      }
      return id
    }
  }

  /// The id of a token by its spelling; if several have it, the added one.
  func id(of spelling: [UInt8]) -> Int? {
    let ids = tokens.indices.filter { tokens[$0] == spelling }
    return ids.first { types[$0] != Vocabulary.TokenType.normal.rawValue } ?? ids.first
  }

  private static func merges(_ model: JSONObject) throws(MalformedFile) -> [[UInt8]] {
    guard let list = try model.array("merges") else { throw model.error("merges", "is missing") }
    var merges: [[UInt8]] = []
    merges.reserveCapacity(list.count)
    for (rank, merge) in list.enumerated() {
      switch merge {
      case .text(let line): merges.append(line)
      case .array(let pair):
        guard pair.count == 2, case .text(let left) = pair[0], case .text(let right) = pair[1]
        else { throw model.error("merges", "has no two texts at \(rank)") }
        merges.append(left + [UInt8(ascii: " ")] + right)
      default: throw model.error("merges", "has neither text nor pair at \(rank)")
      }
    }
    return merges
  }
}
