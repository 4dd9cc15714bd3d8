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
    /// Components that are coded in each quality, and the bits of a position that has the usual
    /// step.
    let coded: [Coded]
  }

  /// What a quality codes.
  struct Coded: Encodable {
    let quality: String
    let components: Int
    let bits: Double
  }

  package init(_ file: TransformFile) {
    let (transform, shape) = (file.transform, file.transform.shape)
    (layers, kvHeads) = (shape.layers, shape.kvHeads)
    (keyLength, valueLength) = (shape.keyLength, shape.valueLength)
    groups = transform.groups.map { group in
      Group(
        firstLayer: group.heads.lowerBound / shape.kvHeads,
        lastLayer: (group.heads.upperBound - 1) / shape.kvHeads, components: group.components,
        length: group.length,
        coded: TransformQuality.allCases.map { quality in
          let (components, bits) = file.coded(group, quality)
          return Coded(quality: quality.rawValue, components: components, bits: bits)
        })
    }
    identity = IdentityReport(file.identity, filters: nil)
    provenance = file.provenance
  }

  /// Components of all groups.
  package var components: Int { groups.reduce(0) { $0 + $1.components } }

  package var description: String {
    var table = TextTable(
      "transform: bits of a position and components that get them, by quality",
      ["layers", "numbers", "components"] + TransformQuality.allCases.map(\.rawValue))
    for group in groups {
      table.add(
        [
          "\(group.firstLayer) to \(group.lastLayer)", Format.count(group.length),
          Format.count(group.components),
        ] + group.coded.map { "\(Format.count(Int($0.bits))) in \(Format.count($0.components))" })
    }
    return """
      \(table)

      \(identity)

      \(ProvenanceText(provenance))
      """
  }
}
