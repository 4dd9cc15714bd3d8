import Glibc

/// What a pair's score is: how much a repetition of the context attended to it (KVzip, arXiv
/// 2505.23416).
public enum RepeatTarget {
  /// Text that belongs together is adjacent: a pair counts as much as the best of this many
  /// neighbours, itself included.
  static let pooling = 5
  /// Weights below this one are all alike.
  static let leastWeight: Float = 1e-5

  /// ln(m + 10⁻⁵), m being the greatest attention to the pair or to one of two neighbours on each
  /// side.
  ///
  /// - Parameter logarithms: Logarithms of the greatest attention to each pair of a head, in order
  ///   of position; −∞ for a pair that got none.
  public static func scores(_ logarithms: [Float]) -> [Float] {
    let reach = pooling / 2
    return logarithms.indices.map { pair in
      let neighbours = max(0, pair - reach)...min(logarithms.count - 1, pair + reach)
      let greatest = logarithms[neighbours].reduce(-Float.infinity) { max($0, $1) }
      return logf(expf(greatest) + leastWeight)
    }
  }
}
