import Platform
package import Workflows

/// One method's scores over all its sequences.
package struct PerplexitySummary: Sendable {
  /// The method's name.
  package let method: String
  /// ×N of a compressed prompt; 1 otherwise.
  package let compression: Int
  /// How many tokens were scored.
  package let scored: Int
  /// How many sequences there were.
  package let sequences: Int
  /// The mean of −ln p(token | those before it), in nats.
  package let meanNegativeLogLikelihood: Double
  /// The same mean at each position of a sequence, over the sequences.
  package let curve: [Double]

  /// e to the power of the mean.
  package var perplexity: Double { exp(meanNegativeLogLikelihood) }

  /// e to the power of the mean over the positions from `first` on; nil if there are none.
  package func perplexity(from first: Int) -> Double? {
    let rest = curve.dropFirst(first)
    return rest.isEmpty ? nil : exp(rest.reduce(0, +) / Double(rest.count))
  }

  fileprivate init(_ cells: [Perplexity.Cell]) {
    (method, compression) = (cells[0].method, cells[0].compression)
    var curve = [Double](repeating: 0, count: cells[0].losses.count)
    for cell in cells {
      for (index, loss) in cell.losses.enumerated() { curve[index] += Double(loss) }
    }
    sequences = cells.count
    scored = curve.count * cells.count
    meanNegativeLogLikelihood = curve.reduce(0, +) / Double(scored)
    self.curve = curve.map { $0 / Double(cells.count) }
  }
}

extension Results<Perplexity.Cell> {
  /// One for each method and compression, in the order in which they were first measured. They
  /// cover the sequences that all of them have, because other sequences cannot be compared.
  package var summaries: [PerplexitySummary] {
    var (order, groups): ([String], [String: [Perplexity.Cell]]) = ([], [:])
    for cell in shared(by: { [$0.method, "\($0.compression)"] }, over: \.sequence) {
      let key = "\(cell.method) \(cell.compression)"
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(cell)
    }
    return order.map { PerplexitySummary(groups[$0, default: []]) }
  }

  /// Whether a compressed prompt kept nothing but sinks and window, so that all methods that rank
  /// hold the same pairs.
  package func isProtectedAlone(_ summary: PerplexitySummary) -> Bool {
    isProtectedAlone(
      summary.method, summary.compression, tokensNamed: PromptCompression.tokensName)
  }

  /// One method at one compression over the first `sequences` sequences; nil if it has none of
  /// them.
  package func summary(
    _ method: Method, compression: Int, sequences: Int
  ) -> PerplexitySummary? {
    let cells = cells.filter {
      $0.method == method.rawValue && $0.compression == compression && $0.sequence < sequences
    }
    return cells.isEmpty ? nil : PerplexitySummary(cells)
  }
}
