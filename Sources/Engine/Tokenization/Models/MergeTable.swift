/// The merges of a byte-pair encoding, found by the ids of the two tokens that they join.
struct MergeTable: Sendable {
  /// Two tokens and the one that they join to, by id.
  struct Pair: Equatable, Sendable {
    let left: UInt32
    let right: UInt32
    let result: UInt32
  }

  /// One merge: how early it is made, and the token that it makes.
  struct Merge: Sendable {
    /// The position in the list of merges; lower ones are made first.
    let rank: UInt32
    /// The id of the joined token.
    let result: UInt32
  }

  /// The merges in the order of the list.
  let pairs: [Pair]
  private let merges: [UInt64: Merge]

  /// Builds the table from merges that join different tokens each.
  init(_ pairs: [Pair]) {
    self.pairs = pairs
    var merges: [UInt64: Merge] = [:]
    merges.reserveCapacity(pairs.count)
    for (rank, pair) in pairs.enumerated() {
      let merge = Merge(rank: UInt32(truncatingIfNeeded: rank), result: pair.result)
      let earlier = merges.updateValue(merge, forKey: Self.key(pair.left, pair.right))
      if let earlier { merges[Self.key(pair.left, pair.right)] = earlier }
    }
    self.merges = merges
  }

  /// Builds the table from lines of the form "left right".
  ///
  /// - Throws: `TokenizationError.inconsistentVocabulary` if a line has another form, a merge joins
  ///   or makes something that is no token, or two lines join the same tokens.
  init(_ lines: [[UInt8]], ids: [[UInt8]: UInt32]) throws(TokenizationError) {
    var pairs: [Pair] = []
    pairs.reserveCapacity(lines.count)
    for (rank, line) in lines.enumerated() {
      let halves = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      guard halves.count == 2, let left = ids[Array(halves[0])], let right = ids[Array(halves[1])],
        let result = ids[Array(halves[0] + halves[1])]
      else { throw Self.error(line, rank, "is not two tokens that join to a third") }
      pairs.append(Pair(left: left, right: right, result: result))
    }
    self.init(pairs)
    guard merges.count < pairs.count else { return }
    var seen: Set<UInt64> = []
    for (rank, pair) in pairs.enumerated()
    where !seen.insert(Self.key(pair.left, pair.right)).inserted {
      throw Self.error(lines[rank], rank, "is in the list twice")
    }
  }

  /// The merge that joins two tokens, if there is one.
  func merge(_ left: UInt32, _ right: UInt32) -> Merge? { merges[Self.key(left, right)] }

  private static func key(_ left: UInt32, _ right: UInt32) -> UInt64 {
    UInt64(left) << 32 | UInt64(right)
  }

  private static func error(_ line: [UInt8], _ rank: Int, _ what: String) -> TokenizationError {
    let text = TokenizationError.quoted(String(decoding: line, as: UTF8.self))
    return .inconsistentVocabulary(problem: "merge \(rank), \(text), \(what)")
  }
}
