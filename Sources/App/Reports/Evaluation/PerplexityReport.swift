import Evaluation
import Platform
import Workflows

/// What `evaluate perplexity` measured of methods under a budget.
struct PerplexityReport {
  let results: Results<Perplexity.Cell>
  private let summaries: [PerplexitySummary]

  init(_ results: Results<Perplexity.Cell>) {
    self.results = results
    summaries = results.summaries
  }

  /// The budget; 0 without one. A file may hold any text for it.
  private var budget: Int { results.settings["budget"].flatMap { Int($0) } ?? 0 }

  var rows: (headings: [String], rows: [[String]]) {
    let rows = summaries.map { summary in
      [
        summary.method, "\(summary.sequences)",
        Format.fixed(summary.meanNegativeLogLikelihood, 6), Format.fixed(summary.perplexity, 4),
      ] + (budget > 0 ? [summary.perplexity(from: budget).map { Format.fixed($0, 4) } ?? "–"] : [])
    }
    return (
      ["method", "sequences", "mean −ln p", "perplexity"]
        + (budget > 0 ? ["after the budget"] : []), rows
    )
  }

  private var csv: String {
    let lines = (0..<positions).map { index in
      ([String(index + 1)] + summaries.map { Format.fixed($0.curve[index], 6) })
        .joined(separator: ",") + "\n"
    }
    return "position," + summaries.map(\.method).joined(separator: ",") + "\n" + lines.joined()
  }

  private static let stretches = 24

  private var positions: Int { summaries.map(\.curve.count).min() ?? 0 }
  private var stretch: Int { max(1, positions / Self.stretches) }

  /// Means of a curve over stretches of positions.
  private func points(_ curve: [Double], _ value: (Double) -> Double) -> [(Double, Double)] {
    stride(from: 0, to: positions / stretch * stretch, by: stretch).map { start in
      let mean = curve[start..<start + stretch].reduce(0, +) / Double(stretch)
      return (Double(start) + Double(stretch) / 2, value(mean))
    }
  }

  private func chart(_ title: String, _ name: String, _ series: [LineChart.Series]) -> LineChart {
    LineChart(
      title: title,
      summary: "\(budget > 0 ? "Budget \(Format.count(budget)); " : "")means over stretches of "
        + "\(Format.count(stretch, "position")) in "
        + "\(Format.count(summaries.map(\.sequences).max() ?? 0, "sequence")); lower is better.",
      xName: "position", yName: name, marks: marks(positions), series: series, hasDots: false)
  }

  private var curves: ReportSection.Picture {
    let series = summaries.map { summary in
      LineChart.Series(method: summary.method, points: points(summary.curve) { $0 })
    }
    return .init(
      name: "perplexity",
      svg: chart("Surprise along the sequence", "−ln p of the next token, nats", series).svg)
  }

  /// The perplexity relative to the whole cache's, if that was measured.
  private var gap: ReportSection.Picture? {
    guard let full = summaries.first(where: { $0.method == "full" }), summaries.count > 1 else {
      return nil
    }
    let series = summaries.filter { $0.method != "full" }.map { summary in
      LineChart.Series(
        method: summary.method,
        points: points(zip(summary.curve, full.curve).map { $0 - $1 }) { exp($0) })
    }
    return .init(
      name: "perplexity-gap",
      svg: chart(
        "Perplexity against the whole cache", "times the whole cache's perplexity", series
      ).svg)
  }

  private func marks(_ count: Int) -> [LineChart.Mark] {
    AxisTicks(low: 0, high: Double(count)).values.filter { $0 <= Double(count) }.map {
      LineChart.Mark(x: $0, name: Format.count(Int($0)))
    }
  }

  var section: ReportSection {
    ReportSection(
      name: "perplexity", title: budget > 0 ? "Perplexity under a budget" : "Perplexity",
      explanation: (budget > 0
        ? "Tokens go through the model one by one; a head holds the budget's pairs, the last ones "
          + "of the window always. Where the bank has budgets by head, Q-Filters share all heads' "
          + "pairs by them. "
        : "The whole cache, in one forward pass. ")
        + "Perplexity is e to the power of the mean −ln p of the tokens that really follow: the "
        + "lower, the better. Sequences count only if all methods have them.",
      results: results, table: rows, pictures: [curves, gap].compactMap(\.self), csv: csv)
  }
}
