package import Evaluation
import Platform
import Workflows

/// How well methods foresee what later text attends to.
package struct FidelityReport {
  let results: Results<Fidelity.Cell>
  private let cells: [Fidelity.Cell]

  package init(_ results: Results<Fidelity.Cell>) {
    self.results = results
    cells = results.comparable
  }

  private var methods: [String] { cells.map(\.method).uniqued }
  private var compressions: [Int] { cells.first?.compressions ?? [] }

  private func cells(_ method: String) -> [Fidelity.Cell] { cells.filter { $0.method == method } }

  /// Nil if there is none.
  private static func mean(_ values: [Double?]) -> Double? {
    let values = values.compactMap(\.self)
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  /// The mean over contexts of a figure of each layer and head, if they have it.
  private func perHead(_ method: String, _ figure: (Fidelity.Cell) -> [Float?]) -> [Double?] {
    let cells = cells(method)
    guard let first = cells.first else { return [] }
    return (0..<first.layers * first.kvHeads).map { index in
      Self.mean(cells.map { figure($0)[index].map(Double.init) })
    }
  }

  private func correlation(_ method: String) -> Double? {
    Self.mean(perHead(method, \.correlations))
  }

  private func massKept(_ method: String, _ compression: Int) -> Double? {
    Self.mean(perHead(method) { $0.massKept[compression] })
  }

  private func divergence(_ method: String, _ compression: Int) -> Double? {
    Self.mean(cells(method).map { $0.divergences[compression] })
  }

  private static func text(_ value: Double?, _ decimals: Int) -> String {
    value.map { Format.fixed($0, decimals) } ?? "–"
  }

  /// Means over layers, heads and contexts; in brackets if all methods hold the same.
  var rows: (headings: [String], rows: [[String]]) {
    let rows = methods.map { method in
      let alone = compressions.map { results.isProtectedAlone(method, $0) }
      func texts(_ text: (Int) -> String) -> [String] {
        compressions.indices.map { alone[$0] ? "(\(text($0)))" : text($0) }
      }
      return [method, "\(cells(method).count)", Self.text(correlation(method), 3)]
        + texts { Self.text(massKept(method, $0).map { $0 * 100 }, 1) + " %" }
        + texts { Self.text(divergence(method, $0), 3) }
    }
    return (
      ["method", "contexts", "Spearman"] + compressions.map { "mass ×\($0)" }
        + compressions.map { "KL ×\($0)" }, rows
    )
  }

  /// The same for a terminal.
  package var table: String {
    let (headings, rows) = rows
    var table = TextTable("fidelity to the whole cache", headings)
    for row in rows { table.add(row) }
    return table.description + (protectedNote.isEmpty ? "" : "\n" + protectedNote)
  }

  /// Why some figures are in brackets; empty if none are.
  private var protectedNote: String {
    methods.contains { method in compressions.contains { results.isProtectedAlone(method, $0) } }
      ? "In brackets: \(Format.protectedAlone)" : ""
  }

  /// A line for each method, layer and head, and one with divergences for all heads of a method.
  private var csv: String {
    let lines = methods.flatMap { method in
      let correlations = perHead(method, \.correlations)
      let kept = compressions.indices.map { compression in
        perHead(method) { $0.massKept[compression] }
      }
      let heads = cells.first?.kvHeads ?? 1
      let all =
        [method, "all", "all", Self.csv(correlation(method))]
        + compressions.indices.map { Self.csv(massKept(method, $0)) }
        + compressions.indices.map { Self.csv(divergence(method, $0)) }
      return [all]
        + correlations.indices.map { index in
          [method, "\(index / heads)", "\(index % heads)", Self.csv(correlations[index])]
            + kept.map { Self.csv($0[index]) } + compressions.map { _ in "" }
        }
    }
    let headings =
      ["method", "layer", "head", "spearman"] + compressions.map { "massKeptX\($0)" }
      + compressions.map { "divergenceX\($0)" }
    return ([headings] + lines).map { $0.joined(separator: ",") + "\n" }.joined()
  }

  private static func csv(_ value: Double?) -> String { value.map { Format.fixed($0, 4) } ?? "" }

  private func chart(
    _ title: String, _ summary: String, _ name: String, least: ClosedRange<Double>,
    _ value: (String, Int) -> Double?
  ) -> LineChart {
    LineChart(
      title: title, summary: summary, xName: "compression", yName: name,
      marks: LineChart.compressionMarks(compressions),
      series: methods.map { method in
        LineChart.Series(
          method: method,
          points: compressions.indices.map {
            (log2(Double(compressions[$0])), value(method, $0) ?? .nan)
          }.sorted { $0.0 < $1.0 })
      }, least: least)
  }

  private var map: LayerMap {
    LayerMap(
      title: "Predicted score and true attention",
      summary: "Spearman's rank correlation over a context's pairs, by layer and KV head.",
      head: "KV head",
      panels: methods.map { method in
        let values = perHead(method, \.correlations)
        let heads = cells.first?.kvHeads ?? 1
        return LayerMap.Panel(
          name: method, note: "mean \(Self.text(correlation(method), 2))",
          values: stride(from: 0, to: values.count, by: heads).map {
            Array(values[$0..<$0 + heads])
          })
      })
  }

  var section: ReportSection {
    ReportSection(
      name: "fidelity", title: "Fidelity to the whole cache",
      explanation: "Tokens that come after a context show what is attended to, with the whole "
        + "cache. Spearman's correlation compares that with the method's scores; mass is the share "
        + "of that attention that goes to the pairs kept; KL is the divergence of next-token "
        + "distributions from those of the whole cache, in nats. Contexts count only if all "
        + "methods have them. " + protectedNote,
      results: results, table: rows,
      pictures: [
        .init(
          name: "mass",
          svg: chart(
            "Attention that goes to the pairs kept", "Mean over layers, heads and contexts.",
            "share of attention", least: 0...1, massKept
          ).svg),
        .init(
          name: "divergence",
          svg: chart(
            "Divergence from the whole cache's predictions",
            "KL(whole ‖ compressed), mean over tokens and contexts; lower is better.", "nats",
            least: 0...0.1, divergence
          ).svg),
        .init(name: "correlation", svg: map.svg),
      ], csv: csv)
  }
}
