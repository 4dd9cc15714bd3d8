import Glibc
import Synchronization

/// Scores hidden vectors against the tokens that really followed, a few rows of logits at a time.
struct LikelihoodScorer {
  let output: WeightGroup
  let state: RunState

  /// The sum of −ln p(targets[i] | row i) over the first `targets.count` rows of `state.normed`.
  func score(targets: ArraySlice<Int>) -> Double {
    let targets = Array(targets)
    var total = 0.0
    for start in stride(from: 0, to: targets.count, by: RunState.logitRows) {
      let part = Array(targets[start..<min(targets.count, start + RunState.logitRows)])
      state.computeLogits(output, rows: start..<start + part.count)
      let losses = Mutex([Double](repeating: 0, count: part.count))
      Parallel.forEach(part.count) { _, row in
        let loss = Self.loss(state.logits.row(row), target: part[row])
        losses.withLock { $0[row] = loss }
      }
      total += losses.withLock { $0.reduce(0, +) }
    }
    return total
  }

  /// ln Σ exp(logits) − logits[target], computed against the greatest logit.
  private static func loss(_ logits: Span<Float>, target: Int) -> Double {
    var highest = -Float.infinity
    for index in logits.indices { highest = max(highest, logits[index]) }
    var sum = 0.0
    for index in logits.indices { sum += Double(expf(logits[index] - highest)) }
    return log(sum) + Double(highest) - Double(logits[target])
  }
}
