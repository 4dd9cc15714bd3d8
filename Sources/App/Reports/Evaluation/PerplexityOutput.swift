package import Evaluation
import Workflows

/// What `evaluate perplexity` prints: the figures of the first method, and a list of all methods in
/// the folder, over the sequences that all of them have.
package struct PerplexityOutput: Encodable, CustomStringConvertible {
  struct Method: Encodable {
    let method: String
    let compression, sequences: Int
    let meanNegativeLogLikelihood, perplexity: Double
    let perplexityAfterBudget: Double?
    /// The mean of −ln p at each scored position.
    let curve: [Double]

    init(_ summary: PerplexitySummary, budget: Int?) {
      (method, compression) = (summary.method, summary.compression)
      sequences = summary.sequences
      meanNegativeLogLikelihood = summary.meanNegativeLogLikelihood
      perplexity = summary.perplexity
      perplexityAfterBudget = budget.flatMap { summary.perplexity(from: $0) }
      curve = summary.curve
    }
  }

  let tokens: Int
  let meanNegativeLogLikelihood, perplexity: Double
  let perplexityAfterBudget: Double?
  let methods: [Method]
  private let table: String

  private enum CodingKeys: CodingKey {
    case tokens, meanNegativeLogLikelihood, perplexity, perplexityAfterBudget, methods
  }

  /// - Parameters:
  ///   - first: The figures of the first method, over the sequences that were asked for.
  ///   - tokens: Tokens in those sequences.
  package init(
    _ results: Results<Perplexity.Cell>, first: PerplexitySummary?, tokens: Int, budget: Int?,
    isPrompt: Bool
  ) {
    self.tokens = tokens
    methods = results.summaries.map { Method($0, budget: budget) }
    meanNegativeLogLikelihood = first?.meanNegativeLogLikelihood ?? 0
    perplexity = first?.perplexity ?? 1
    perplexityAfterBudget = budget.flatMap { first?.perplexity(from: $0) }
    let (headings, rows) =
      isPrompt ? ContinuationReport(results).rows : PerplexityReport(results).rows
    var table = TextTable("perplexity", headings)
    for row in rows { table.add(row) }
    let note = isPrompt ? ContinuationReport(results).protectedNote : ""
    self.table = table.description + (note.isEmpty ? "" : "\n" + note)
  }

  package var description: String {
    guard methods.count == 1 else { return table }
    return "\(tokens) tokens, mean negative log-likelihood "
      + "\(Format.fixed(meanNegativeLogLikelihood, 6)), perplexity \(Format.fixed(perplexity, 4))"
      + (perplexityAfterBudget.map { ", after the budget \(Format.fixed($0, 4))" } ?? "")
  }
}
