package import Evaluation

/// What snapshots of one context predict, for people.
package struct SnapshotFidelityReport: CustomStringConvertible {
  private let rows: [SnapshotFidelity.Row]

  package init(_ rows: [SnapshotFidelity.Row]) { self.rows = rows }

  package var description: String {
    var table = TextTable(
      "against \(rows.first?.file ?? "")",
      ["snapshot", "size", "of the cache", "divergence", "mean −ln p"])
    for row in rows {
      table.add([
        Format.shortened(row.file, to: 40), Format.bytes(row.bytes),
        Format.percent(row.bytes, of: row.cacheBytes, 1), Format.fixed(row.divergence, 5),
        Format.fixed(row.negativeLogLikelihood, 5),
      ])
    }
    return table.description
  }
}
