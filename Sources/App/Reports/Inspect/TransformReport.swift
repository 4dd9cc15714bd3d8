package import CacheCodec
import CacheFormat

/// What a transform holds.
package struct TransformReport: Encodable, CustomStringConvertible {
  let kind = "transform"
  let layers, kvHeads, keyLength, valueLength: Int
  let groups: [Group]
  let identity: IdentityReport
  let provenance: String

  /// Some heads that are coded together.
  struct Group: Encodable {
    let firstLayer, lastLayer, components, length: Int
  }

  package init(_ file: TransformFile) {
    let (transform, shape) = (file.transform, file.transform.shape)
    (layers, kvHeads) = (shape.layers, shape.kvHeads)
    (keyLength, valueLength) = (shape.keyLength, shape.valueLength)
    groups = transform.groups.map { group in
      Group(
        firstLayer: group.heads.lowerBound / shape.kvHeads,
        lastLayer: (group.heads.upperBound - 1) / shape.kvHeads, components: group.components,
        length: group.length)
    }
    identity = IdentityReport(file.identity, filters: nil)
    provenance = file.provenance
  }

  /// Components of all groups.
  package var components: Int { groups.reduce(0) { $0 + $1.components } }

  package var description: String {
    let rows = groups.map { group in
      "  layers \(group.firstLayer) to \(group.lastLayer): \(group.components) components for "
        + "\(group.length) numbers of a token"
    }
    return """
      transform
      \(rows.joined(separator: "\n"))

      \(identity)

      \(ProvenanceText(provenance))
      """
  }
}
