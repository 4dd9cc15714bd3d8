import CacheFormat
package import QFilters

/// What calibration statistics hold.
package struct StatisticsReport: Encodable, CustomStringConvertible {
  let kind = "statistics"
  let tokens, layers, queryHeads, kvHeads, headLength: Int
  let identity: IdentityReport
  /// Whether there are sums for a linear score, which gives heads their budgets.
  let budgetSums: Bool
  let sequences: SequencesReport?
  /// Nil if the sums have no direction, for example without tokens.
  let quality: QualityReport?
  let provenance: String

  package init(_ file: StatisticsFile) {
    let statistics = file.statistics
    (tokens, queryHeads) = (statistics.tokens, statistics.queryHeads)
    (layers, kvHeads) = (statistics.shape.layers, statistics.shape.kvHeads)
    headLength = statistics.shape.headLength
    budgetSums = file.pairs != nil
    identity = IdentityReport(file.identity, filters: nil)
    sequences = file.sequences.map(SequencesReport.init)
    quality = (try? statistics.quality()).map(QualityReport.init)
    provenance = file.provenance
  }

  package var description: String {
    let heads = "\(Format.count(queryHeads, "query head")) (\(Format.count(kvHeads, "KV head")))"
    let sums = """
      statistics of \(Format.count(tokens, "token"))
        sums          \(Format.count(layers, "layer")) × \(heads) × \(headLength)
        budgets       \(budgetSums ? "sums for budgets by head" : "no sums: equal budgets")
      """
    let parts = [sums, "\(identity)", sequences?.description, quality?.description]
    return (parts.compactMap(\.self) + ["\(ProvenanceText(provenance))"]).joined(separator: "\n\n")
  }
}
