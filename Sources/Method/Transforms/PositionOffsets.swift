import Platform

/// How finely each position of a context is coded: the more later tokens attend to it, the finer.
///
/// An error in a pair does harm in proportion to the attention that the pair gets. The context's
/// last queries stand for those that follow.
public enum PositionOffsets {
  /// How many last queries say what is attended to.
  public static let queries = 256
  /// The offset of a position that gets its equal share of the attention.
  private static let usual = 4
  private static let greatest = 15
  /// The last positions, which the next tokens attend to most, and their least offset.
  private static let (last, lastOffset) = (64, 8)
  /// Keeps positions that got no attention from becoming too coarse.
  private static let leastShare: Float = 0.12

  /// The step of a block whose usual positions are coded with `step`.
  public static func step(_ step: Int) -> Int { step + usual }

  /// Offsets where nothing is known of the attention.
  ///
  /// - Parameter positions: How many there are.
  /// - Returns: [groups][positions], in quarters of a power of 2.
  public static func equal(groups: Int, positions: Int) -> [[Int8]] {
    let offsets = (0..<positions).map { index in
      Int8(index < positions - last ? usual : lastOffset)
    }
    return Array(repeating: offsets, count: groups)
  }

  /// Offsets by attention.
  ///
  /// - Parameters:
  ///   - attention: [heads][positions], counted through all layers: what the last queries pay.
  ///   - groups: The heads of each group.
  ///   - exact: First positions that are not coded, and whose attention does not count.
  /// - Returns: [groups][positions], in quarters of a power of 2.
  public static func byAttention(
    _ attention: [[Float]], groups: [Range<Int>], exact: Int
  ) -> [[Int8]] {
    groups.map { heads in
      let positions = attention[heads.lowerBound].count
      var shares = [Float](repeating: 0, count: positions)
      for head in heads {
        let total = max(attention[head].dropFirst(exact).reduce(0, +), 1e-30)
        for index in shares.indices { shares[index] += attention[head][index] / total }
      }
      return shares.enumerated().map { index, share in
        let relative = share / Float(heads.count) * Float(positions) + leastShare
        let offset = usual + Int((2 * log2(relative)).rounded())
        let least = index < positions - last ? 0 : lastOffset
        return Int8(max(least, min(greatest, offset)))
      }
    }
  }
}
