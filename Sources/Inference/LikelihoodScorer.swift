import Glibc

/// Scores hidden vectors against the tokens that really followed, a few rows of logits at a time.
struct LikelihoodScorer {
  private static let rows = 128
  private let output: WeightMatrix
  private let tile: Matrix
  private let input: Matrix
  private let logits: Matrix

  init(output: WeightMatrix, tile: Matrix) {
    self.output = output
    self.tile = tile
    input = Matrix(rows: Self.rows, columns: output.columns)
    logits = Matrix(rows: Self.rows, columns: output.rows)
  }

  /// The sum of −ln p(targets[i] | row i) over the first `targets.count` rows of `hidden`.
  func score(_ hidden: Matrix, targets: ArraySlice<Int>) -> Double {
    let targets = Array(targets)
    var total = 0.0
    for start in stride(from: 0, to: targets.count, by: Self.rows) {
      let count = min(Self.rows, targets.count - start)
      for row in 0..<count {
        unsafe input.pointer(row: row).update(
          from: hidden.pointer(row: start + row), count: input.columns)
      }
      output.apply(to: input, count: count, into: logits, tile: tile)
      let losses = Matrix(rows: count, columns: 1)
      Parallel.forEach(count) { _, row in
        unsafe losses.pointer(row: row)[0] = Self.loss(
          logits.row(row), target: targets[start + row])
      }
      for row in 0..<count { total += Double(losses.row(row)[0]) }
    }
    return total
  }

  /// ln Σ exp(logits) − logits[target], computed against the greatest logit.
  private static func loss(_ logits: Span<Float>, target: Int) -> Float {
    var highest = -Float.infinity
    for index in logits.indices { highest = max(highest, logits[index]) }
    var sum = 0.0
    for index in logits.indices { sum += Double(expf(logits[index] - highest)) }
    return Float(log(sum)) + highest - logits[target]
  }
}
