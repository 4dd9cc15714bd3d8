package import ByteIO
import CacheCodec
import CacheFormat

/// Where a transform's blocks come from.
enum NewBlocks {
  /// Another snapshot, as they are.
  case stored(SnapshotReader, BlockLayout)
  /// The old chain's pairs, coded anew.
  case coded(TransformCoding, by: TransformChoice)

  var layout: BlockLayout {
    switch self {
    case .stored(_, let layout): layout
    case .coded(let coding, _): coding.layout
    }
  }
}

extension RecompressPlan {
  /// - Throws: `PrecisionNeeded` if blocks can neither stay as they are nor become anything that
  ///   was asked for; `TransformNeedsAll`, `TransformNeeded`; as `SnapshotChain.checkDecodable`.
  static func blocks(
    _ chain: SnapshotChain, compression: Int, _ options: Recompress.Options
  ) throws -> NewBlocks? {
    if let quality = options.precision?.transform {
      guard compression == 1 else { throw TransformNeedsAll(path: chain.path) }
      let transform = try options.transform ?? TransformChoice(quality, of: chain)
      try transform.check(chain.metadata.identity, of: chain.path)
      let context = chain.metadata.context
      guard context.held == context else {
        throw PrecisionNotStored(
          path: chain.path, requested: "transform", stored: context.keyCodec.name)
      }
      if chain.snapshots.count == 1, let blocks = chain.last.blocks, transform.isNoCoarser(blocks) {
        return .stored(chain.last, blocks.layout)
      }
      return .coded(
        transform.coding(positions: 0..<chain.metadata.context.tokens, attention: nil),
        by: transform)
    }
    guard options.precision == nil,
      let coded = chain.snapshots.first(where: { $0.blocks != nil })
    else { return nil }
    guard chain.snapshots.count == 1, compression == 1, let blocks = coded.blocks else {
      throw PrecisionNeeded(path: coded.path)
    }
    return .stored(coded, blocks.layout)
  }

  /// Writes a transform's blocks, if there are any.
  ///
  /// - Throws: `MalformedFile`, `SystemError`.
  func appendBlocks(to writer: inout SnapshotWriter, progress: Progress) throws {
    switch blocks {
    case nil: break
    case .stored(let reader, _):
      // Only what decodes is copied.
      try chain.verifyBlocks()
      try writer.appendStoredBlocks(of: reader)
    case .coded(let coding, _):
      var layer: (index: Int, pairs: LayerPairs)?
      for group in coding.layout.groups.indices {
        try writer.appendGroup(coding) { index, head in
          let pairs =
            try layer?.index == index ? layer?.pairs : chain.readLayer(index, compression: nil)
          layer = pairs.map { (index, $0) }
          return pairs.map { ($0.heads[head].keys, $0.heads[head].values) } ?? ([], [])
        }
        progress("code", group + 1, coding.layout.groups.count)
      }
    }
  }
}

/// A transform codes whole caches, and fewer pairs were asked for.
package struct TransformNeedsAll: CategorisedError, Sendable {
  /// The snapshot.
  let path: String

  /// Another request can be met.
  package var category: FailureCategory { .usage }

  /// One sentence that says what is wrong.
  package var description: String {
    "\(path): a transform codes whole caches, and fewer pairs are wanted or stored"
  }
}

/// A snapshot is coded by a transform, and cannot stay so.
package struct PrecisionNeeded: CategorisedError, Sendable {
  /// The snapshot.
  let path: String

  /// Another request can be met.
  package var category: FailureCategory { .usage }

  /// One sentence that says what is wrong.
  package var description: String {
    "\(path) is coded by a transform, and neither a part of its pairs nor those of a chain can "
      + "stay so; say how the new snapshot stores them"
  }
}
