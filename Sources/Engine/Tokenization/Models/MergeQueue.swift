/// The merges that are possible in a word, best first: a binary heap.
struct MergeQueue {
  /// A merge that was possible when it was queued.
  struct Candidate {
    /// The merge's position in the list of merges.
    let rank: UInt32
    /// The position of the left one of the two symbols.
    let position: Int

    /// Whether this merge is made before another: by rank, then from left to right.
    func precedes(_ other: Candidate) -> Bool {
      rank == other.rank ? position < other.position : rank < other.rank
    }
  }

  private var heap: [Candidate] = []

  mutating func insert(_ candidate: Candidate) {
    var index = heap.count
    heap.append(candidate)
    while index > 0, candidate.precedes(heap[(index - 1) / 2]) {
      heap.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  mutating func popFirst() -> Candidate? {
    guard let last = heap.popLast() else { return nil }
    guard let first = heap.first else { return last }
    heap[0] = last
    sinkRoot()
    return first
  }

  private mutating func sinkRoot() {
    var index = 0
    while case let child = smallerChild(of: index), child < heap.count,
      heap[child].precedes(heap[index])
    {
      heap.swapAt(index, child)
      index = child
    }
  }

  private func smallerChild(of index: Int) -> Int {
    let left = 2 * index + 1
    return left + 1 < heap.count && heap[left + 1].precedes(heap[left]) ? left + 1 : left
  }
}
