import CacheFormat

import QFilters

/// What a filter bank holds.
struct FilterBankReport: Encodable, CustomStringConvertible {
  let kind = "filter bank"
  let layers, kvHeads, headLength: Int
  let identity: IdentityReport
  let provenance: String

  init(_ bank: FilterBank) {
    (layers, kvHeads) = (bank.shape.layers, bank.shape.kvHeads)
    headLength = bank.shape.headLength
    identity = IdentityReport(bank.identity, filters: bank.digest)
    provenance = bank.provenance
  }

  var description: String {
    """
    filter bank
      filters       \(Format.count(layers, "layer")) × \(Format.count(kvHeads, "KV head")) × \(headLength)

    \(identity)

    \(ProvenanceText(provenance))
    """
  }
}
