import CacheFormat
package import QFilters

/// What a filter bank holds.
package struct FilterBankReport: Encodable, CustomStringConvertible {
  let kind = "filter bank"
  let layers, kvHeads, headLength: Int
  /// Nil if the bank has no filters of query heads.
  let queryHeads: Int?
  let identity: IdentityReport
  let sequences: SequencesReport?
  let quality: QualityReport?
  /// Nil if the bank has no linear score.
  let linearScore: LinearScoreReport?
  let provenance: String

  package init(_ bank: FilterBank) {
    (layers, kvHeads) = (bank.shape.layers, bank.shape.kvHeads)
    headLength = bank.shape.headLength
    queryHeads = bank.heads?.queryHeads
    identity = IdentityReport(bank.identity, filters: bank.digest)
    sequences = bank.sequences.map(SequencesReport.init)
    quality = bank.quality.map(QualityReport.init)
    linearScore = bank.linear.map(LinearScoreReport.init)
    provenance = bank.provenance
  }

  package var description: String {
    let size =
      "\(Format.count(layers, "layer")) × \(Format.count(kvHeads, "KV head")) × \(headLength)"
    let source =
      queryHeads.map { Format.count($0, "query head") } ?? "KV head alone, as after an import"
    let filters = """
      filter bank
        filters       \(size)
        of each       \(source)
      """
    let quality =
      quality?.description
        ?? """
        queries: nothing is known of them, as after an import; compute the bank with
        precompute to see whether they do what Q-Filters assume
        """
    let parts = [filters, "\(identity)", sequences?.description, quality, linearScore?.description]
    return (parts.compactMap(\.self) + ["\(ProvenanceText(provenance))"]).joined(separator: "\n\n")
  }
}
