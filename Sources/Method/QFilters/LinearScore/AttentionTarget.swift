import Platform

/// What a pair's score is: how much tokens that look back at the context attended to it, as in
/// KVzip (arXiv 2505.23416).
public enum AttentionTarget {
  /// Weights below this one are all alike.
  static let leastWeight: Float = 1e-5

  /// The logarithm of the greatest attention to each pair, plus 10⁻⁵.
  ///
  /// - Parameter logarithms: Logarithms of the greatest attention to each pair of a head; −∞ for a
  ///   pair that got none.
  public static func scores(_ logarithms: [Float]) -> [Float] {
    logarithms.map { logf(expf($0) + leastWeight) }
  }
}
