package import Inference
import Workflows

/// How much two lists of numbers agree in their order.
package enum RankCorrelation {
  /// Spearman's ρ: Pearson's correlation of the ranks, equal numbers sharing the mean of theirs;
  /// from −1 to 1, and nil if a list has no two values, which have no order.
  ///
  /// - Throws: `EngineError.notFinite` if a number is not; it would have no rank.
  package static func spearman(_ a: [Float], _ b: [Float]) throws(EngineError) -> Float? {
    precondition(a.count == b.count)
    guard a.allSatisfy(\.isFinite), b.allSatisfy(\.isFinite) else { throw .notFinite }
    let (a, b) = (ranks(a), ranks(b))
    let mean = Double(a.count + 1) / 2
    var (product, squareA, squareB) = (0.0, 0.0, 0.0)
    for (a, b) in zip(a, b) {
      product += (a - mean) * (b - mean)
      squareA += (a - mean) * (a - mean)
      squareB += (b - mean) * (b - mean)
    }
    guard squareA > 0, squareB > 0 else { return nil }
    return Float(product / (squareA * squareB).squareRoot())
  }

  /// From 1.
  private static func ranks(_ values: [Float]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
      for index in order[start..<end] { ranks[index] = Double(start + 1 + end) / 2 }
      start = end
    }
    return ranks
  }
}
