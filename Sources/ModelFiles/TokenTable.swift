import ByteIO

/// Tokens by id, from the two lists of a `tokenizer.json`.
struct TokenTable {
  private var spellings: [[UInt8]?]
  /// As in GGUF.
  private(set) var types: [Int32]

  private static let (normal, control, userDefined, unused) = (
    Int32(1), Int32(3), Int32(4), Int32(5)
  )

  /// A table of `size` ids, none of them used.
  init(size: Int) {
    spellings = Array(repeating: nil, count: size)
    types = Array(repeating: Self.unused, count: size)
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
      guard let id = member.value.integer, spellings.indices.contains(id) else {
        throw error(model.path, "vocab", member.offset, "the id is none of the model's")
      }
      guard spellings[id] == nil else {
        throw error(model.path, "vocab", member.offset, "the id \(id) occurs twice")
      }
      (spellings[id], types[id]) = (member.key, Self.normal)
    }
  }

  /// Adds the special tokens, and those that were added by hand.
  mutating func add(addedTokensOf file: JSONObject) throws {
    for value in try file.array("added_tokens") ?? [] {
      let token = try JSONObject(value, file.path, "added_tokens")
      let id = try token.integer("id", in: 0...spellings.count - 1)
      guard let content = try token.bytes("content") else {
        throw token.error("content", "is missing")
      }
      // Which spaces around it belong to the token; without a normaliser, `normalized` says nothing.
      for flag in ["single_word", "lstrip", "rstrip"] where try token.bool(flag) == true {
        throw UnsupportedModel(
          path: file.path, what: "\(flag) of the added token \(JSONParser.quoted(content))",
          supported: ["tokens without it"])
      }
      guard spellings[id] == nil || spellings[id] == content else {
        throw token.error("id", "\(id) is another token's")
      }
      let isSpecial = try token.bool("special") == true
      (spellings[id], types[id]) = (content, isSpecial ? Self.control : Self.userDefined)
    }
  }

  private func error(
    _ path: String, _ section: String, _ offset: UInt64, _ problem: String
  ) -> MalformedFile {
    MalformedFile(path: path, section: section, offset: offset, problem: problem)
  }
}
