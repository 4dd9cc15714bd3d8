import CInferenceKernels

/// A head's pairs that are held alike, as attention of some new tokens sees them.
@safe struct KVView: @unchecked Sendable {
  let keys, values: ck_rows
  /// How many there are, and how many of them every new token sees.
  let count, before: Int
  /// For each new token how many of the first pairs its window leaves out; empty without a window.
  let outOfWindow: [Int]

  /// The pairs that a new token sees.
  func visible(to token: Int) -> Range<Int> {
    (outOfWindow.isEmpty ? 0 : outOfWindow[token])..<min(count, before + token + 1)
  }

  /// How many parts a head has at most: three forms of keys by three of values.
  static let mostParts = 9

  /// Calls `body` with some parts as the kernels read them.
  @unsafe static func withKernelPairs(
    _ parts: [KVView], _ body: (UnsafeBufferPointer<ck_pairs>) -> Void
  ) {
    unsafe parts.flatMap(\.outOfWindow).withUnsafeBufferPointer { outOfWindow in
      var start = 0
      let pairs = unsafe parts.map { part in
        defer { start += part.outOfWindow.count }
        return unsafe ck_pairs(
          keys: part.keys, values: part.values, count: part.count, before: part.before,
          out_of_window: part.outOfWindow.isEmpty
            ? nil : outOfWindow.baseAddress.map { unsafe $0 + start })
      }
      unsafe pairs.withUnsafeBufferPointer { unsafe body($0) }
    }
  }

  /// For each of some tokens, how many of the first `pairs`, in ascending order of position, it
  /// does not see, if it sees `window` positions, its own included.
  static func outOfWindow(
    _ pairs: [UInt32], from tokens: ArraySlice<UInt32>, window: Int
  ) -> [Int] {
    // Found by halving: after a long context nearly all are out of the window.
    var (pair, end) = (0, pairs.count)
    while let first = tokens.first, pair < end {
      let middle = (pair + end) / 2
      if Int(pairs[middle]) + window <= Int(first) { pair = middle + 1 } else { end = middle }
    }
    return tokens.map { position in
      while pair < pairs.count, Int(pairs[pair]) + window <= Int(position) { pair += 1 }
      return pair
    }
  }
}
