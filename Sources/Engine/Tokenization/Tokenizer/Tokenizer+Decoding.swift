extension Tokenizer {
  /// The bytes that token ids stand for, one after the other.
  ///
  /// They need not be valid UTF-8: a scalar may be cut between two tokens; see `StreamingDecoder`.
  /// Unused tokens and ids outside the vocabulary stand for nothing, and so do control and unknown
  /// tokens if `skippingSpecials` is true; otherwise those stand for their names.
  public func decode(_ ids: some Sequence<Int>, skippingSpecials: Bool = true) -> [UInt8] {
    var bytes: [UInt8] = []
    for id in ids where pieces.indices.contains(id) && !(skippingSpecials && isSpecial(id)) {
      bytes.append(contentsOf: pieces[id])
    }
    return bytes
  }

  /// The text of each token, so that the joined texts encode to the same ids. Spaces that encoding
  /// always adds are left out, and special tokens stand for their names.
  ///
  /// - Parameter continuing: As in `encode`.
  public func texts(of ids: [Int], continuing: Bool) -> [[UInt8]] {
    // Where a space is added only if none is there, it may stay.
    let alwaysAdds = method.alwaysAddsSpace
    var adds = !continuing && alwaysAdds
    return ids.map { id in
      guard pieces.indices.contains(id) else { return [] }
      let isAdded = types[id] != .normal && types[id] != .byte && types[id] != .unused
      defer { adds = isAdded && alwaysAdds && !isNormalized(id) }
      let isSpaceAdded = adds && !isAdded && pieces[id].first == UInt8(ascii: " ")
      return isSpaceAdded ? Array(pieces[id].dropFirst()) : pieces[id]
    }
  }

  /// Whether a token is found in text as a whole, such as the marks of a chat; others are made of
  /// text.
  public func isAdded(_ id: Int) -> Bool {
    types.indices.contains(id) && types[id].isAdded
  }

  /// Whether a token is found in normalised text: no space is added after it.
  private func isNormalized(_ id: Int) -> Bool {
    vocabulary.traits[id]?.contains(.isNormalized) == true
  }

  private func isSpecial(_ id: Int) -> Bool { types[id] == .control || types[id] == .unknown }
}
