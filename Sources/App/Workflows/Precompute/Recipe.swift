import QFilters

extension Precompute {
  /// How much text to use.
  package struct Recipe: Sendable, Encodable {
    /// The number of sequences, 1 … 2²⁴.
    var sequences: Int
    /// Tokens in each, 2 … 2²⁴.
    var length: Int

    /// Whether a linear score is learnt, by which heads get their budgets. Calibration then takes
    /// about three times as long.
    var learnsBudgets = true

    private enum CodingKeys: CodingKey { case sequences, length }

    /// `sequences` of `length` tokens; the authors use 20 of 2,048.
    package init(sequences: Int, length: Int, learnsBudgets: Bool = true) {
      self.sequences = sequences
      self.length = length
      self.learnsBudgets = learnsBudgets
    }
  }

  /// One of several parts of a recipe, each for a run of its own. Shard I of N sums the sequences I
  /// − 1, I − 1 + N, I − 1 + 2 N, …
  package struct Shard: Sendable, CustomStringConvertible {
    /// From 1.
    package let index: Int
    /// The number of shards.
    package let count: Int

    /// Shard `index` of `count`, 1 ≤ index ≤ count.
    package init(index: Int, of count: Int) {
      precondition((1...count).contains(index))
      self.index = index
      self.count = count
    }

    /// The whole recipe in one run.
    package static let whole = Shard(index: 1, of: 1)

    /// As in "2/7".
    package var description: String { "\(index)/\(count)" }

    func contains(_ sequence: Int) -> Bool { sequence % count == index - 1 }

    /// The fewest shards that together have exactly these sequences.
    package static func shards(of sequences: [Int], among total: Int) -> [Shard] {
      for count in 1..<max(total, 2) {
        let indices = Set(sequences.map { $0 % count })
        let covered = indices.reduce(0) { $0 + (total - $1 + count - 1) / count }
        if covered == sequences.count {
          return indices.sorted().map { Shard(index: $0 + 1, of: count) }
        }
      }
      return sequences.map { Shard(index: $0 + 1, of: total) }
    }
  }
}
