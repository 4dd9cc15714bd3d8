/// Scores of different kinds, made comparable.
enum Standardised {
  /// Scores minus their mean, in standard deviations; all 0 if they are all equal.
  static func scores(_ scores: [Float]) -> [Float] {
    let count = Double(scores.count)
    let mean = scores.reduce(0) { $0 + Double($1) } / count
    let square = scores.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
    guard square > 0 else { return scores.map { _ in 0 } }
    return scores.map { Float((Double($0) - mean) / square.squareRoot()) }
  }
}
