import Dispatch
import Synchronization

/// Finds the ways to split a spelling into two others: the merges of a vocabulary that lists none.
///
/// Vocabularies have hundreds of thousands of spellings, and a model's start waits for this:
/// everything is in flat arrays.
struct SplitSearch {
  private let lengths: [Int]
  /// The longest other spelling that each one starts with, and ends with; -1 if there is none.
  private let prefixes, suffixes: [Int]
  /// Memory that the next call uses again.
  private var open: [Int] = []

  /// Takes spellings that all differ.
  init(_ spellings: [[UInt8]]) {
    lengths = spellings.map(\.count)
    let found = Mutex([[Int](), []])
    DispatchQueue.concurrentPerform(iterations: 2) { end in
      let parents = Self.longestPrefixes(FlatSpellings(spellings, isReversed: end == 1))
      found.withLock { $0[end] = parents }
    }
    (prefixes, suffixes) = found.withLock { ($0[0], $0[1]) }
  }

  /// Calls `body` with the two halves of each way to make a spelling, the longest left half first.
  mutating func forEachSplit(of index: Int, _ body: (_ left: Int, _ right: Int) -> Void) {
    // Suffixes come from the longest to the shortest, as prefixes do, but are needed from the
    // shortest.
    open.removeAll(keepingCapacity: true)
    var suffix = suffixes[index]
    while suffix >= 0 {
      open.append(suffix)
      suffix = suffixes[suffix]
    }
    var prefix = prefixes[index]
    while prefix >= 0, let last = open.last {
      let missing = lengths[index] - lengths[prefix]
      if lengths[last] < missing {
        open.removeLast()
        continue
      }
      if lengths[last] == missing { body(prefix, last) }
      prefix = prefixes[prefix]
    }
  }

  /// For each spelling the longest other one that it starts with, or -1.
  private static func longestPrefixes(_ spellings: FlatSpellings) -> [Int] {
    var found = [Int](repeating: -1, count: spellings.count)
    // Each of these starts with the one before it.
    var open: [Int] = []
    for index in spellings.sorted() where !spellings.isEmpty(index) {
      while let last = open.last, !spellings.starts(index, with: last) { open.removeLast() }
      if let parent = open.last { found[index] = parent }
      open.append(index)
    }
    return found
  }
}

/// Spellings one after the other, each as it is or reversed.
private struct FlatSpellings {
  private var bytes: [UInt8] = []
  private var starts: [Int] = [0]

  init(_ spellings: [[UInt8]], isReversed: Bool) {
    bytes.reserveCapacity(spellings.reduce(0) { $0 + $1.count })
    starts.reserveCapacity(spellings.count + 1)
    for spelling in spellings {
      if isReversed {
        for index in spelling.indices.reversed() { bytes.append(spelling[index]) }
      } else {
        bytes.append(contentsOf: spelling)
      }
      starts.append(bytes.count)
    }
  }

  var count: Int { starts.count - 1 }

  func isEmpty(_ index: Int) -> Bool { starts[index] == starts[index + 1] }

  /// Whether one spelling starts with another.
  func starts(_ index: Int, with other: Int) -> Bool {
    let (start, prefix) = (starts[index], starts[other])
    let length = starts[other + 1] - prefix
    guard starts[index + 1] - start >= length else { return false }
    for offset in 0..<length where bytes[start + offset] != bytes[prefix + offset] { return false }
    return true
  }

  /// The spellings' indices in the order of their bytes.
  func sorted() -> [Int] {
    let keyed = (0..<count).map { (head: head($0), index: $0) }
    return keyed.sorted {
      $0.head == $1.head ? precedes($0.index, $1.index) : $0.head < $1.head
    }.map(\.index)
  }

  /// The first eight bytes as a big-endian number, zeros where there are fewer.
  private func head(_ index: Int) -> UInt64 {
    let (start, end) = (starts[index], starts[index + 1])
    var head: UInt64 = 0
    for place in start..<start + 8 { head = head << 8 | (place < end ? UInt64(bytes[place]) : 0) }
    return head
  }

  private func precedes(_ index: Int, _ other: Int) -> Bool {
    bytes[starts[index]..<starts[index + 1]]
      .lexicographicallyPrecedes(bytes[starts[other]..<starts[other + 1]])
  }
}
