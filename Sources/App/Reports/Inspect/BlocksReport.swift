import CacheCodec
import CacheFormat
import Transforms

/// The blocks of a transform-coded snapshot.
struct BlocksReport: Encodable {
  /// Some heads that are coded together.
  struct Group: Encodable {
    let firstLayer, lastLayer: Int
    let storedBytes, rawBytes: UInt64
    /// Blocks that are stored as elements: the first positions, and what the transform cannot code.
    let elementBlocks: Int
  }

  let transform, digest: String
  /// Nil unless the transform is in the snapshot's folder.
  let quality: String?
  let blocks: Int
  let groups: [Group]

  /// Nil if no transform coded the snapshot.
  init?(_ reader: SnapshotReader) {
    guard let table = reader.blocks else { return nil }
    let (layout, context) = (table.layout, reader.metadata.context)
    (transform, digest) = (layout.transform.fileName, layout.transform.digest.description)
    let steps = try? SnapshotChain(alone: reader).lastTransform()?.transform.steps
    quality =
      TransformQuality.allCases.first { quality in
        steps.map { PositionOffsets.step($0[quality]) } == table.step && table.step != nil
      }?.rawValue
    blocks = layout.blocks.count
    let perHead =
      SnapshotReport.cacheBytes(context, tokens: reader.metadata.tiers.tokens)
      / UInt64(context.layers * context.kvHeads)
    groups = layout.groups.enumerated().map { index, heads in
      Group(
        firstLayer: heads.lowerBound / context.kvHeads,
        lastLayer: (heads.upperBound - 1) / context.kvHeads,
        storedBytes: table.length(ofGroup: index), rawBytes: perHead * UInt64(heads.count),
        elementBlocks: layout.blocks.indices.count {
          table.block($0, group: index).entry.step == nil
        })
    }
  }

  /// For people.
  var table: String {
    var table = TextTable(
      "\(Format.count(blocks, "block")) a group; transform "
        + "\(Format.shortened(transform, to: 24)), digest \(Format.shortened(digest))",
      ["layers", "stored", "raw", "stored / raw", "as elements"])
    for group in groups {
      table.add([
        "\(group.firstLayer) to \(group.lastLayer)", Format.bytes(group.storedBytes),
        Format.bytes(group.rawBytes), Format.percent(group.storedBytes, of: group.rawBytes, 1),
        Format.count(group.elementBlocks, "block"),
      ])
    }
    return table.description
  }
}
