import Glibc
import Workflows

/// What `evaluate perplexity` measured of methods under a budget.
struct PerplexityReport {
  let results: Results<Perplexity.Cell>
  private let summaries: [PerplexitySummary]

  init(_ results: Results<Perplexity.Cell>) {
    self.results = results
    summaries = results.summaries
  }

  /// The budget; 0 without one. What a file says of it is no more than text.
  private var budget: Int { results.settings["budget"].flatMap { Int($0) } ?? 0 }

  var rows: (headings: [String], rows: [[String]]) {
    let rows = summaries.map { summary in
      [
        summary.method, "\(summary.sequences)",
        Format.fixed(summary.meanNegativeLogLikelihood, 6), Format.fixed(summary.perplexity, 4),
        summary.perplexity(from: max(0, budget)).map { Format.fixed($0, 4) } ?? "–",
      ]
    }
    return (
      ["method", "sequences", "mean −ln p", "perplexity", "after the budget"], rows
    )
  }

  private var csv: String {
    let count = summaries.map(\.curve.count).min() ?? 0
    let lines = (0..<count).map { index in
      ([String(index + 1)] + summaries.map { Format.fixed($0.curve[index], 6) })
        .joined(separator: ",") + "\n"
    }
    return "position," + summaries.map(\.method).joined(separator: ",") + "\n" + lines.joined()
  }

  private static let stretches = 24

  private var chart: LineChart {
    let count = summaries.map(\.curve.count).min() ?? 0
    let stretch = max(1, count / Self.stretches)
    return LineChart(
      title: "Perplexity along the sequence",
      summary: "\(budget > 0 ? "Budget \(budget), " : "")means over stretches of \(stretch) "
        + "positions and \(Format.count(summaries.map(\.sequences).max() ?? 0, "sequence")).",
      xName: "position", yName: "perplexity", marks: marks(count),
      series: summaries.map { summary in
        LineChart.Series(
          method: summary.method,
          points: stride(from: 0, to: count / stretch * stretch, by: stretch).map { start in
            let mean = summary.curve[start..<start + stretch].reduce(0, +) / Double(stretch)
            return (Double(start) + Double(stretch) / 2, exp(mean))
          })
      }, hasDots: false)
  }

  private func marks(_ count: Int) -> [LineChart.Mark] {
    AxisTicks(low: 0, high: Double(count)).values.filter { $0 <= Double(count) }.map {
      LineChart.Mark(x: $0, name: Format.count(Int($0)))
    }
  }

  var section: ReportSection {
    ReportSection(
      name: "perplexity", title: "Perplexity under a budget",
      explanation: "Tokens go through the model one by one; a head holds at most the budget's "
        + "pairs, the last ones of the window always. Perplexity is e to the power of the mean "
        + "−ln p of the tokens that really follow: the lower, the better.",
      results: results, table: rows, pictures: [.init(name: "perplexity", svg: chart.svg)],
      csv: csv)
  }
}
