import Workflows

/// What `evaluate perplexity` prints. The first method's figures stand outside the list too.
struct PerplexityOutput: Encodable, CustomStringConvertible {
  struct Method: Encodable {
    let method: String
    let compression: Int
    let meanNegativeLogLikelihood, perplexity: Double
    let perplexityAfterBudget: Double?
    /// The mean of −ln p at each place of a sequence that was scored.
    let curve: [Double]

    init(_ summary: PerplexitySummary, budget: Int?) {
      (method, compression) = (summary.method, summary.compression)
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

  init(_ results: Results<Perplexity.Cell>, tokens: Int, budget: Int?, isPrompt: Bool) {
    self.tokens = tokens
    methods = results.summaries.map { Method($0, budget: budget) }
    meanNegativeLogLikelihood = methods.first?.meanNegativeLogLikelihood ?? 0
    perplexity = methods.first?.perplexity ?? 1
    perplexityAfterBudget = methods.first?.perplexityAfterBudget
    let (headings, rows) =
      isPrompt ? ContinuationReport(results).rows : PerplexityReport(results).rows
    var table = TextTable("perplexity", headings)
    for row in rows { table.add(row) }
    self.table = table.description
  }

  var description: String {
    guard methods.count == 1 else { return table }
    return "\(tokens) tokens, mean negative log-likelihood "
      + "\(Format.fixed(meanNegativeLogLikelihood, 6)), perplexity \(Format.fixed(perplexity, 4))"
      + (perplexityAfterBudget.map { ", after the budget \(Format.fixed($0, 4))" } ?? "")
  }
}
