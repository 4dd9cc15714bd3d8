/// The merges of a vocabulary that has only scores, as SentencePiece's model files and GGUF have
/// them.
///
/// Two pieces are merged if they join to a third. User-defined pieces are made first, in the order
/// of their ids, then the others by falling score. Among the ways to make one piece, the longest
/// left half comes first. HuggingFace's converters write merges in this order.
struct DerivedMerges {
  /// The merges, best first.
  let pairs: [MergeTable.Pair]

  /// Finds all merges, in time proportional to the length of all pieces, apart from sorting them.
  ///
  /// - Parameter pieces: The pieces of text, with scores; those without one are user-defined.
  init(_ pieces: [(spelling: [UInt8], id: UInt32, score: Float?)]) {
    var search = SplitSearch(pieces.map(\.spelling))
    // By falling score, then by id: one number says both.
    let keys = pieces.enumerated().map { index, piece in
      (key: UInt64(Self.rank(piece.score)) << 32 | UInt64(piece.id), index: index)
    }
    var pairs: [MergeTable.Pair] = []
    for (_, index) in keys.sorted(by: { $0.key < $1.key }) {
      search.forEachSplit(of: index) { left, right in
        pairs.append(
          .init(left: pieces[left].id, right: pieces[right].id, result: pieces[index].id))
      }
    }
    self.pairs = pairs
  }

  /// A number that falls as the score rises; 0 for a piece without one.
  private static func rank(_ score: Float?) -> UInt32 {
    // +0 and −0 are one score.
    guard let bits = score.map({ ($0 + 0).bitPattern }) else { return 0 }
    return bits >> 31 == 1 ? bits : ~(bits | 1 << 31)
  }
}
