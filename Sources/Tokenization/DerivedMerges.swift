/// The merges of a vocabulary that has only scores, as SentencePiece's model files and GGUF have them.
///
/// Two pieces are merged if they join to a third, and the best one is made first: user-defined pieces in
/// the order of their ids, then the others by falling score. Of the ways to make one piece, that with the
/// longest left half comes first. So do HuggingFace's converters write merges into `tokenizer.json`.
struct DerivedMerges {
  /// The merges, best first.
  let pairs: [MergeTable.Pair]

  private struct Piece {
    let spelling: [UInt8]
    let id: UInt32
    /// Indices of the longest pieces that this one starts with, and ends with.
    var prefix: Int?
    var suffix: Int?
  }

  /// Finds all merges, in time proportional to the length of all pieces, but for sorting them.
  ///
  /// - Parameter pieces: What text may become, with scores; those without one are user-defined.
  init(_ pieces: [(spelling: [UInt8], id: UInt32, score: Float?)]) {
    var table = pieces.map { Piece(spelling: $0.spelling, id: $0.id) }
    for (index, parent) in Self.longestPrefixes(table.map(\.spelling)) {
      table[index].prefix = parent
    }
    let reversed = table.map { [UInt8]($0.spelling.reversed()) }
    for (index, parent) in Self.longestPrefixes(reversed) { table[index].suffix = parent }
    let order = pieces.indices.sorted { Self.precedes(pieces[$0], pieces[$1]) }
    pairs = order.flatMap { Self.splits(of: $0, table) }
  }

  private static func precedes(
    _ left: (spelling: [UInt8], id: UInt32, score: Float?),
    _ right: (spelling: [UInt8], id: UInt32, score: Float?)
  ) -> Bool {
    switch (left.score, right.score) {
    case (nil, nil): left.id < right.id
    case (nil, _): true
    case (_, nil): false
    case (let one?, let other?): one == other ? left.id < right.id : one > other
    }
  }

  /// The ways to make a piece of two, the longest left half first.
  private static func splits(of index: Int, _ table: [Piece]) -> [MergeTable.Pair] {
    let length = table[index].spelling.count
    // Suffixes come from the longest to the shortest, as prefixes do, and are met from their other end.
    let suffixes = Array(sequence(first: index) { table[$0].suffix }.dropFirst().reversed())
    var (splits, next): ([MergeTable.Pair], Int) = ([], 0)
    for prefix in sequence(first: index, next: { table[$0].prefix }).dropFirst() {
      let missing = length - table[prefix].spelling.count
      while next < suffixes.count, table[suffixes[next]].spelling.count < missing { next += 1 }
      guard next < suffixes.count else { break }
      if table[suffixes[next]].spelling.count == missing {
        splits.append(
          .init(left: table[prefix].id, right: table[suffixes[next]].id, result: table[index].id))
      }
    }
    return splits
  }

  /// For each spelling the longest other one that it starts with, where there is one. All differ.
  private static func longestPrefixes(_ spellings: [[UInt8]]) -> [(index: Int, parent: Int)] {
    let order = spellings.indices.sorted { spellings[$0].lexicographicallyPrecedes(spellings[$1]) }
    var found: [(index: Int, parent: Int)] = []
    // Each of these starts with the one before it.
    var open: [Int] = []
    for index in order where !spellings[index].isEmpty {
      while let last = open.last, !spellings[index].starts(with: spellings[last]) {
        open.removeLast()
      }
      if let parent = open.last { found.append((index, parent)) }
      open.append(index)
    }
    return found
  }
}
