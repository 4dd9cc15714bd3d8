/// A pair's score and its head, in 64 bits, so that millions are sorted quickly.
struct ScoredPair {
  private let bits: UInt64

  /// The index of the pair's head.
  var head: UInt32 { UInt32(truncatingIfNeeded: bits) }

  init(_ score: Float, head: Int) {
    bits = UInt64(Self.rank(score)) << 32 | UInt64(UInt32(truncatingIfNeeded: head))
  }

  /// A number that is less for a greater score, and greatest for what is not a number.
  private static func rank(_ score: Float) -> UInt32 {
    guard !score.isNaN else { return .max }
    let bits = (score == 0 ? 0 : score).bitPattern
    return bits >> 31 == 0 ? ~(bits | 1 << 31) : bits
  }

  private static let digitBits = 11

  /// Pairs by descending score; equal ones stay in their order. A radix sort by three digits.
  static func sorted(_ pairs: [ScoredPair]) -> [ScoredPair] {
    var (source, target) = (pairs, pairs)
    for shift in [32, 32 + digitBits, 32 + 2 * digitBits] {
      var places = [Int](repeating: 0, count: 1 << digitBits)
      for pair in source { places[pair.digit(shift)] += 1 }
      var next = 0
      for digit in places.indices { (places[digit], next) = (next, next + places[digit]) }
      for pair in source {
        let digit = pair.digit(shift)
        target[places[digit]] = pair
        places[digit] += 1
      }
      swap(&source, &target)
    }
    return source
  }

  private func digit(_ shift: Int) -> Int {
    Int(truncatingIfNeeded: bits >> UInt64(shift)) & (1 << Self.digitBits - 1)
  }
}
