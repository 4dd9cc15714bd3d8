import Evaluation
import Platform
import Workflows

/// The perplexity of what follows compressed prompts.
struct ContinuationReport {
  let results: Results<Perplexity.Cell>
  private let summaries: [PerplexitySummary]

  init(_ results: Results<Perplexity.Cell>) {
    self.results = results
    summaries = results.summaries
  }

  private var compressions: [Int] {
    Set(summaries.filter { $0.method != "full" }.map(\.compression)).sorted()
  }

  private var shown: [Int] { Set([1] + compressions).sorted() }

  private var methods: [String] { summaries.map(\.method).uniqued }

  /// Perplexities by method and compression.
  var rows: (headings: [String], rows: [[String]]) {
    let rows = methods.map { method in
      let own = summaries.filter { $0.method == method }
      return [method, "\(own.first?.sequences ?? 0)"]
        + shown.map { compression in
          own.first { $0.compression == compression }.map(text) ?? "–"
        }
    }
    return (["method", "sequences"] + shown.map { "×\($0)" }, rows)
  }

  /// The perplexity, in brackets if all ranked methods hold the same.
  private func text(_ summary: PerplexitySummary) -> String {
    let text = Format.fixed(summary.perplexity, 4)
    return results.isProtectedAlone(summary) ? "(\(text))" : text
  }

  /// Why some figures are in brackets; empty if none are.
  var protectedNote: String {
    summaries.contains(where: results.isProtectedAlone)
      ? "In brackets: \(Format.protectedAlone)" : ""
  }

  private var csv: String {
    let lines = summaries.map { summary in
      "\(summary.method),\(summary.compression),\(summary.sequences),\(summary.scored),"
        + "\(Format.fixed(summary.meanNegativeLogLikelihood, 6)),"
        + "\(Format.fixed(summary.perplexity, 6))\n"
    }
    return "method,compression,sequences,tokens,meanNegativeLogLikelihood,perplexity\n"
      + lines.joined()
  }

  private var chart: LineChart {
    LineChart(
      title: "A continuation's perplexity once its prompt is compressed",
      summary:
        "Over \(Format.count(summaries.map(\.scored).max() ?? 0, "token")); lower is better.",
      xName: "compression", yName: "perplexity", marks: LineChart.compressionMarks(compressions),
      levels: summaries.filter { $0.method == "full" }.map { ($0.method, $0.perplexity) },
      series: methods.filter { $0 != "full" }.map { method in
        LineChart.Series(
          method: method,
          points: summaries.filter { $0.method == method }.map {
            (log2(Double($0.compression)), $0.perplexity)
          }.sorted { $0.0 < $1.0 })
      })
  }

  var section: ReportSection {
    ReportSection(
      name: "continuation", title: "Perplexity after prompt compression",
      explanation: "The beginning of each sequence is prefilled once and compressed ×N; what "
        + "follows goes through the model after what is left of it. Sequences count only if all "
        + "methods and compressions have them. " + protectedNote,
      results: results, table: rows, pictures: [.init(name: "continuation", svg: chart.svg)],
      csv: csv)
  }
}
