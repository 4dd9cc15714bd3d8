import Evaluation
import Workflows

/// How far a model's queries lean in one direction.
struct EnergyReport {
  let results: Results<FilterEnergy.Cell>

  init(_ results: Results<FilterEnergy.Cell>) { self.results = results }

  private var layers: Int { (results.cells.map(\.layer).max() ?? 0) + 1 }

  /// [layers][heads].
  private var values: [[Double]] {
    (0..<layers).map { layer in
      results.cells.filter { $0.layer == layer }.sorted { $0.queryHead < $1.queryHead }
        .map { Double($0.energyShare) }
    }
  }

  private var rows: (headings: [String], rows: [[String]]) {
    let shares = results.cells.map { Double($0.energyShare) }
    let cosines = results.cells.map { Double($0.meanCosine) }
    func row(_ name: String, _ values: [Double]) -> [String] {
      let mean = values.reduce(0, +) / Double(max(1, values.count))
      return [name] + [mean, values.min() ?? 0, values.max() ?? 0].map { Format.fixed($0, 4) }
    }
    return (
      ["over query heads", "mean", "least", "greatest"],
      [row("energy in the first direction", shares), row("cosine with the mean query", cosines)]
    )
  }

  private var csv: String {
    let lines = results.cells.map {
      "\($0.layer),\($0.queryHead),\(Format.fixed(Double($0.energyShare), 6)),"
        + "\(Format.fixed(Double($0.meanCosine), 6))\n"
    }
    return "layer,queryHead,energyShare,meanCosine\n" + lines.joined()
  }

  var section: ReportSection {
    let map = LayerMap(
      title: "Energy of the queries in their first direction",
      summary: "Share of the squared length of a head's queries, by layer and query head.",
      head: "query head", panels: [.init(name: "q-filters", note: "", values: values)])
    return ReportSection(
      name: "energy", title: "Energy in one direction",
      explanation:
        "Q-Filters assume that a head's queries lean in one direction. This is the share "
        + "of their energy that does, from the filter bank.",
      results: results, table: rows, pictures: [.init(name: "energy", svg: map.svg)], csv: csv)
  }
}
