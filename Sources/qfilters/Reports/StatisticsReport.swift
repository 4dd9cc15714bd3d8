import CacheFormat

import QFilters

/// What calibration statistics hold.
struct StatisticsReport: Encodable, CustomStringConvertible {
  let kind = "statistics"
  let tokens, layers, queryHeads, kvHeads, headLength: Int
  let identity: IdentityReport
  let provenance: String

  init(_ file: StatisticsFile) {
    let statistics = file.statistics
    (tokens, queryHeads) = (statistics.tokens, statistics.queryHeads)
    (layers, kvHeads) = (statistics.shape.layers, statistics.shape.kvHeads)
    headLength = statistics.shape.headLength
    identity = IdentityReport(file.identity, filters: nil)
    provenance = file.provenance
  }

  var description: String {
    let heads = "\(Format.count(queryHeads, "query head")) (\(Format.count(kvHeads, "KV head")))"
    return """
      statistics of \(Format.count(tokens, "token"))
        sums          \(Format.count(layers, "layer")) × \(heads) × \(headLength)

      \(identity)

      \(ProvenanceText(provenance))
      """
  }
}
