import Foundation

/// Scores of a KV head's pairs after a context, computed plainly in float64.
public enum PlainScores {
  /// The logarithm of the mean attention that queries equal to the filters of a group's query heads
  /// would pay.
  public static func attended(keys: [[Double]], filters: [[Double]], scale: Double) -> [Double] {
    var attention = [Double](repeating: 0, count: keys.count)
    for filter in filters {
      let weights = keys.map { exp(scale * product($0, filter)) }
      let total = weights.reduce(0, +)
      for (pair, weight) in weights.enumerated() { attention[pair] += weight / total }
    }
    return attention.map { log(max($0 / Double(filters.count), 1e-12)) }
  }

  /// Scores plus half of KeyDiff's, each minus its mean, in standard deviations.
  public static func withKeyDiff(_ scores: [Double], keys: [[Double]]) -> [Double] {
    let units = keys.map { key in
      let size = product(key, key).squareRoot()
      return key.map { $0 / size }
    }
    let mean = (units.first ?? []).indices.map { i in units.reduce(0) { $0 + $1[i] } }
    let different = standardised(units.map { -product($0, mean) })
    return zip(standardised(scores), different).map { $0 + $1 / 2 }
  }

  /// ⟨a, b⟩.
  public static func product(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }

  private static func standardised(_ scores: [Double]) -> [Double] {
    let mean = scores.reduce(0, +) / Double(scores.count)
    let square = scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(scores.count)
    return scores.map { ($0 - mean) / square.squareRoot() }
  }
}
