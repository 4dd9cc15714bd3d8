import ByteIO
import Tokenization

/// Tokens by id, from the two lists of a `tokenizer.json`.
struct TokenTable {
  private var spellings: [[UInt8]?]
  /// As in GGUF.
  private(set) var types: [Int32]

  /// The traits of added tokens, by id.
  private(set) var traits: [Int: Vocabulary.Traits] = [:]
  /// Each token's score, if the model has scores.
  private(set) var scores: [Float] = []
  /// The spellings whose ids lie beyond the table.
  private(set) var beyond: Set<[UInt8]> = []

  private static let normal = Vocabulary.TokenType.normal.rawValue

  /// A table of `size` ids, none of them used.
  init(size: Int) {
    spellings = Array(repeating: nil, count: size)
    types = Array(repeating: Vocabulary.TokenType.unused.rawValue, count: size)
  }

  /// All spellings; an unused id has the one that converters to GGUF give it.
  var filled: [[UInt8]] {
    spellings.enumerated().map { id, spelling in spelling ?? Array("[PAD\(id)]".utf8) }
  }

  /// Adds the pieces of text, by `vocab` of the model.
  mutating func add(vocabularyOf model: JSONObject) throws(MalformedFile) {
    guard let vocabulary = try model.object("vocab") else {
      throw model.error("vocab", "is missing")
    }
    for member in vocabulary.members {
      guard let id = member.value.integer, id >= 0 else {
        throw error(model.path, "vocab", member.offset, "the id is no whole number from 0 on")
      }
      guard id < spellings.count else {
        beyond.insert(member.key)
        continue
      }
      guard spellings[id] == nil else {
        throw error(model.path, "vocab", member.offset, "the id \(id) occurs twice")
      }
      (spellings[id], types[id]) = (member.key, Self.normal)
    }
  }

  /// Adds the pieces of text with their scores, by `vocab` of a unigram model.
  mutating func add(scoredVocabularyOf model: JSONObject) throws(MalformedFile) {
    let pieces = try model.array("vocab") ?? []
    guard !pieces.isEmpty else { throw model.error("vocab", "is missing") }
    scores = Array(repeating: 0, count: spellings.count)
    for (id, piece) in pieces.prefix(spellings.count).enumerated() {
      guard case .array(let pair) = piece, pair.count == 2, case .text(let spelling) = pair[0],
        let score = pair[1].double
      else { throw model.error("vocab", "has no text and score at \(id)") }
      (spellings[id], types[id], scores[id]) = (spelling, Self.normal, Float(score))
    }
  }

  /// Gives the tokens of single bytes their type.
  mutating func markBytes() {
    for (id, spelling) in spellings.enumerated() where types[id] == Self.normal {
      guard let spelling, spelling.count == 6, spelling.starts(with: "<0x".utf8),
        spelling[3...4].allSatisfy(Self.isHexadecimal), spelling[5] == UInt8(ascii: ">")
      else { continue }
      types[id] = Vocabulary.TokenType.byte.rawValue
    }
  }

  /// Adds the special and the user-defined tokens. The spellings of ids beyond the table go to
  /// `beyond`.
  ///
  /// - Parameter isNormalizing: Whether text is normalised, so that some tokens are found in
  ///   another spelling.
  mutating func add(addedTokensOf file: JSONObject, isNormalizing: Bool) throws {
    for value in try file.array("added_tokens") ?? [] {
      let token = try JSONObject(value, file.path, "added_tokens")
      let id = try token.integer("id", in: 0...Int.max)
      guard let content = try token.bytes("content") else {
        throw token.error("content", "is missing")
      }
      if try token.bool("single_word") == true {
        throw UnsupportedModel(
          path: file.path, what: "single_word of the added token \(JSONParser.quoted(content))",
          supported: ["tokens without it"])
      }
      guard id < spellings.count else {
        beyond.insert(content)
        continue
      }
      guard spellings[id] == nil || spellings[id] == content else {
        throw token.error("id", "\(id) is another token's")
      }
      let type: Vocabulary.TokenType =
        try token.bool("special") == true ? .control : .userDefined
      (spellings[id], types[id]) = (content, type.rawValue)
      let given = try Self.traits(token, isNormalizing: isNormalizing)
      traits[id] = given.isEmpty ? nil : given
    }
  }

  private static func traits(
    _ token: JSONObject, isNormalizing: Bool
  ) throws(MalformedFile) -> Vocabulary.Traits {
    var traits: Vocabulary.Traits = []
    if try token.bool("lstrip") == true { traits.insert(.takesSpacesBefore) }
    if try token.bool("rstrip") == true { traits.insert(.takesSpacesAfter) }
    if try token.bool("normalized") == true {
      traits.insert(isNormalizing ? .isNormalized : .isFoundLater)
    }
    return traits
  }

  private static func isHexadecimal(_ character: UInt8) -> Bool {
    (0x30...0x39).contains(character) || (0x41...0x46).contains(character)
  }

  private func error(
    _ path: String, _ section: String, _ offset: UInt64, _ problem: String
  ) -> MalformedFile {
    MalformedFile(path: path, section: section, offset: offset, problem: problem)
  }
}
