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

  private func isSpecial(_ id: Int) -> Bool { types[id] == .control || types[id] == .unknown }
}
