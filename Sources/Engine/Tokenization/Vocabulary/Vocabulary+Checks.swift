/// What must hold before a tokenizer is built.
extension Vocabulary {
  /// The types: one known type for each token.
  func checkedTypes() throws(TokenizationError) -> [TokenType] {
    guard types.count == tokens.count else {
      throw .inconsistentVocabulary(
        problem: "there are \(tokens.count) tokens and \(types.count) token types")
    }
    var checked: [TokenType] = []
    checked.reserveCapacity(types.count)
    for (id, raw) in types.enumerated() {
      guard let type = TokenType(rawValue: raw) else {
        throw .inconsistentVocabulary(problem: "token \(id) is of the unknown type \(raw)")
      }
      checked.append(type)
    }
    return checked
  }

  /// The id of each spelling, which must all differ.
  func idsBySpelling() throws(TokenizationError) -> [[UInt8]: UInt32] {
    var ids: [[UInt8]: UInt32] = [:]
    ids.reserveCapacity(tokens.count)
    for (index, spelling) in tokens.enumerated() {
      guard let id = UInt32(exactly: index) else {
        throw .inconsistentVocabulary(problem: "there are more than 2^32 tokens")
      }
      if let earlier = ids.updateValue(id, forKey: spelling) {
        let text = TokenizationError.quoted(String(decoding: spelling, as: UTF8.self))
        throw .inconsistentVocabulary(problem: "tokens \(earlier) and \(id) are both \(text)")
      }
    }
    return ids
  }

  /// A unigram model needs a score for each token; others may have none at all.
  func checkScores(_ kind: Kind) throws(TokenizationError) {
    guard scores.count == tokens.count || scores.isEmpty && kind != .unigram else {
      throw .inconsistentVocabulary(
        problem: "there are \(tokens.count) tokens and \(scores.count) scores")
    }
    if let id = scores.firstIndex(where: { !$0.isFinite }) {
      throw .inconsistentVocabulary(problem: "the score of token \(id) is no number")
    }
  }

  /// The begin and end of text and the unknown token must be tokens.
  func checkSpecialIDs() throws(TokenizationError) {
    for (name, id) in [
      ("begin-of-text", beginOfText), ("end-of-text", endOfText), ("unknown", unknown),
    ] {
      guard let id, !tokens.indices.contains(id) else { continue }
      throw .inconsistentVocabulary(
        problem: "the \(name) id is \(id) and there are \(tokens.count) tokens")
    }
    if addsBeginOfText && beginOfText == nil {
      throw .inconsistentVocabulary(
        problem: "a begin-of-text token is to be added but none is named")
    }
  }

  /// The tokens of some types, and whether they are found after the others, in normalised text.
  func tokens(
    of wanted: [TokenType], _ types: [TokenType]
  ) -> [(token: AddedTokens.Token, isLater: Bool)] {
    tokens.indices.compactMap { id in
      guard wanted.contains(types[id]) else { return nil }
      let traits = traits[id] ?? []
      let token = AddedTokens.Token(
        spelling: tokens[id], id: UInt32(truncatingIfNeeded: id),
        takesSpacesBefore: traits.contains(.takesSpacesBefore),
        takesSpacesAfter: traits.contains(.takesSpacesAfter))
      return (token, !traits.isDisjoint(with: [.isNormalized, .isFoundLater]))
    }
  }
}
