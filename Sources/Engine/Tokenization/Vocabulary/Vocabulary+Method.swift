/// What encoding needs, built from a vocabulary that was checked.
extension Vocabulary {
  func method(
    _ kind: Kind, _ types: [TokenType], _ ids: [[UInt8]: UInt32]
  ) throws(TokenizationError) -> EncodingMethod {
    guard kind != .byteLevelBPE else { return try byteLevel(types, ids) }
    guard let marking = SpaceMarking(rawValue: preTokenizer) else {
      throw .unsupportedPreTokenizer(name: preTokenizer)
    }
    let pieces = pieces(types)
    return switch kind {
    case .byteLevelBPE, .sentencePieceBPE:
      .marked(.bytePair(try sentencePiece(pieces, types, ids)), marking)
    case .unigram: .marked(.unigram(unigram(pieces, types)), marking)
    }
  }

  private func byteLevel(
    _ types: [TokenType], _ ids: [[UInt8]: UInt32]
  ) throws(TokenizationError) -> EncodingMethod {
    guard let preTokenizer = PreTokenizer(name: preTokenizer) else {
      throw .unsupportedPreTokenizer(name: preTokenizer)
    }
    var model = BytePairModel(
      alphabet: .bytes(ByteAlphabet.spellings.map { ids[$0] }),
      merges: try MergeTable(merges, ids: ids))
    if preTokenizer.takesWholeWords {
      let words = zip(tokens, types).enumerated().compactMap { id, token in
        token.1 == .normal
          ? ByteAlphabet.bytes(spelledBy: token.0).map { ($0, UInt32(truncatingIfNeeded: id)) }
          : nil
      }
      model.wholeWords = Dictionary(words) { first, _ in first }
    }
    return .byteLevel(model, preTokenizer)
  }

  private func sentencePiece(
    _ pieces: [(spelling: [UInt8], id: UInt32, score: Float?)], _ types: [TokenType],
    _ ids: [[UInt8]: UInt32]
  ) throws(TokenizationError) -> BytePairModel {
    let scalars = pieces.compactMap { piece -> (UInt32, UInt32)? in
      // A scalar has at most four bytes.
      guard piece.spelling.count <= 4,
        let text = String(validating: piece.spelling, as: UTF8.self)?.unicodeScalars,
        let scalar = text.first, text.count == 1
      else { return nil }
      return (scalar.value, piece.id)
    }
    let merges =
      merges.isEmpty && !scores.isEmpty
      ? MergeTable(DerivedMerges(pieces).pairs) : try MergeTable(merges, ids: ids)
    return BytePairModel(
      alphabet: .scalars(
        ScalarAlphabet(
          scalars: Dictionary(scalars) { first, _ in first }, bytes: byteTokens(types),
          unknown: unknown.flatMap { UInt32(exactly: $0) }, fusesUnknown: fusesUnknown)),
      merges: merges)
  }

  private func unigram(
    _ pieces: [(spelling: [UInt8], id: UInt32, score: Float?)], _ types: [TokenType]
  ) -> UnigramModel {
    UnigramModel(
      pieces: pieces.map { ($0.spelling, scores[Int($0.id)], $0.id) }, bytes: byteTokens(types),
      unknown: unknown.flatMap { UInt32(exactly: $0) },
      lowestScore: zip(scores, types).filter { $0.1 == .normal }.map(\.0).min() ?? 0)
  }

  /// The pieces of text: normal tokens, and user-defined ones, which have no score of their own.
  private func pieces(
    _ types: [TokenType]
  ) -> [(spelling: [UInt8], id: UInt32, score: Float?)] {
    tokens.indices.compactMap { index in
      guard types[index] == .normal || types[index] == .userDefined, !tokens[index].isEmpty else {
        return nil
      }
      let score = types[index] == .normal && !scores.isEmpty ? scores[index] : nil
      return (tokens[index], UInt32(truncatingIfNeeded: index), score)
    }
  }

  /// The token of each byte, by byte, where there is one.
  private func byteTokens(_ types: [TokenType]) -> [UInt32?] {
    var bytes = [UInt32?](repeating: nil, count: 256)
    for (id, spelling) in tokens.enumerated() where types[id] == .byte {
      if let byte = ByteSpelling.byte(spelledBy: spelling) {
        bytes[Int(byte)] = UInt32(truncatingIfNeeded: id)
      }
    }
    return bytes
  }
}

extension EncodingMethod {
  /// A token that is found in normalised text, spelled as it is found there.
  func normalized(_ token: AddedTokens.Token) -> AddedTokens.Token {
    AddedTokens.Token(
      spelling: normalized(
        token.spelling.span, token.spelling.indices, adds: addsSpace(atStart: true)),
      id: token.id, takesSpacesBefore: token.takesSpacesBefore,
      takesSpacesAfter: token.takesSpacesAfter)
  }
}
