/// One word on its way from bytes to tokens: a linked list of symbols that are joined pairwise.
///
/// The possible merge of lowest rank is made, the leftmost first, until none is left. n bytes take
/// time O(n log n), also in a text without spaces. The memory is used again for the next word.
struct MergingWord {
  private struct Symbol {
    /// The token, or nil once the symbol is joined to the one on its left.
    var id: UInt32?
    /// The position of the next symbol; for the last one, the end of the word.
    var next: Int
    /// The position of the symbol before; -1 for the first.
    var previous: Int
  }

  private var symbols: [Symbol] = []
  private var queue = MergeQueue()

  /// Appends the token of the word's next byte.
  mutating func append(_ id: UInt32) {
    symbols.append(Symbol(id: id, next: symbols.count + 1, previous: symbols.count - 1))
  }

  /// Makes all merges, appends the ids to `output`, and leaves an empty word.
  mutating func finish(_ merges: MergeTable, into output: inout [Int]) {
    for position in symbols.indices { enqueue(position, merges) }
    while let candidate = queue.popFirst() { join(candidate, merges) }
    for symbol in symbols {
      if let id = symbol.id { output.append(Int(id)) }
    }
    symbols.removeAll(keepingCapacity: true)
  }

  private func merge(at position: Int, _ merges: MergeTable) -> MergeTable.Merge? {
    guard symbols.indices.contains(position), let left = symbols[position].id else { return nil }
    let next = symbols[position].next
    guard next < symbols.count, let right = symbols[next].id else { return nil }
    return merges.merge(left, right)
  }

  private mutating func enqueue(_ position: Int, _ merges: MergeTable) {
    guard let merge = merge(at: position, merges) else { return }
    queue.insert(.init(rank: merge.rank, position: position))
  }

  private mutating func join(_ candidate: MergeQueue.Candidate, _ merges: MergeTable) {
    // The symbols may have been joined to others since the candidate was queued.
    guard let merge = merge(at: candidate.position, merges), merge.rank == candidate.rank else {
      return
    }
    let right = symbols[candidate.position].next
    let following = symbols[right].next
    symbols[candidate.position].id = merge.result
    symbols[candidate.position].next = following
    symbols[right].id = nil
    if following < symbols.count { symbols[following].previous = candidate.position }
    enqueue(candidate.position, merges)
    enqueue(symbols[candidate.position].previous, merges)
  }
}
