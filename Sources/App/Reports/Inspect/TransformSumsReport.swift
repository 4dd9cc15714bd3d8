import CacheFormat
package import Transforms

/// What sums for a transform hold.
package struct TransformSumsReport: Encodable, CustomStringConvertible {
  let kind = "sums for a transform"
  let positions, probes, layers, kvHeads, keyLength, valueLength: Int
  let sequences: SequencesReport
  let identity: IdentityReport
  let provenance: String

  package init(_ file: TransformSumsFile) {
    let (sums, shape) = (file.sums, file.sums.shape)
    (positions, probes) = (sums.positions, sums.probes)
    (layers, kvHeads) = (shape.layers, shape.kvHeads)
    (keyLength, valueLength) = (shape.keyLength, shape.valueLength)
    sequences = SequencesReport(file.sequences)
    identity = IdentityReport(file.identity, filters: nil)
    provenance = file.provenance
  }

  package var description: String {
    let shape =
      "\(Format.count(layers, "layer")) × \(Format.count(kvHeads, "KV head")) × "
      + "(\(keyLength) + \(valueLength))"
    let heading = Format.list(
      "sums for a transform, of \(Format.count(positions, "position"))",
      [("caches", shape), ("noise", "in each head of \(Format.count(probes, "sequence"))")])
    return [heading, "\(identity)", "\(sequences)", "\(ProvenanceText(provenance))"]
      .joined(separator: "\n\n")
  }
}
