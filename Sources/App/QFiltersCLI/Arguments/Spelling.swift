/// How far one spelling is from another.
enum Spelling {
  /// The name that was most likely meant: one that begins like the typed text, or the one with the
  /// fewest slips, at most one for every three letters.
  static func nearest(to typed: String, among names: [String]) -> String? {
    let letters = typed.drop { $0 == "-" }
    guard !letters.isEmpty else { return nil }
    if letters.count > 1, let whole = names.first(where: { $0.hasPrefix(typed) }) { return whole }
    return names.map { ($0, slips(typed, $0)) }.filter { $0.1 <= (letters.count + 2) / 3 }
      .min { $0.1 < $1.1 }?.0
  }

  /// How many letters were left out, added, changed or swapped with their neighbour: the distance
  /// of optimal string alignment.
  static func slips(_ first: String, _ second: String) -> Int {
    let (a, b) = (Array(first), Array(second))
    var before = [Int](repeating: 0, count: b.count + 1)
    var row = Array(0...b.count)
    for i in 0..<a.count {
      var next = [i + 1]
      for j in 0..<b.count {
        var best = min(next[j] + 1, row[j + 1] + 1, row[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, before[j - 1] + 1) }
        next.append(best)
      }
      (before, row) = (row, next)
    }
    return row[b.count]
  }
}
