import CacheCodec
import CacheFormat
package import TestSupport

/// A random chain of small snapshots, each of which keeps a random part of the one before.
package struct SampleChain {
  fileprivate struct Link {
    let first: Int
    let tokens: [UInt32]
    let sample: SampleSnapshot
  }

  /// The files, the root first.
  package let paths: [String]
  private let links: [Link]

  /// Writes a chain into a folder.
  ///
  /// - Parameters:
  ///   - count: Number of snapshots; random if left out.
  ///   - compressions: At which the first links are made; the others are whole.
  package init(
    random: inout SeededGenerator, in folder: ScratchFolder, count: Int? = nil,
    compressions: [Int] = []
  ) throws {
    var (links, paths): ([Link], [String]) = ([], [])
    for index in 0..<(count ?? .random(in: 1...5, using: &random)) {
      let compression = compressions.count > index ? compressions[index] : 1
      let link = Link(after: links.last, compression: compression, &random)
      let path = folder.path("link\(index).kvsnap")
      try link.write(to: path, after: paths.last)
      links.append(link)
      paths.append(path)
    }
    (self.links, self.paths) = (links, paths)
  }

  /// Tokens of the whole context.
  package var tokens: [UInt32] { links.last?.tokens ?? [] }

  /// The first position of a snapshot that later ones replace.
  package func end(of link: Int) -> Int {
    links[(link + 1)...].reduce(tokens.count) { min($0, $1.first) }
  }

  /// What ×`compression` must give of a head: the best of each snapshot's own pairs that no later
  /// one replaces.
  package func expected(
    layer: Int, head: Int, compression: Int?
  ) -> (positions: [UInt32], keys: [UInt8], values: [UInt8]) {
    var result: (positions: [UInt32], keys: [UInt8], values: [UInt8]) = ([], [], [])
    for (index, link) in links.enumerated() {
      let (tiers, context) = (link.sample.metadata.tiers, link.sample.metadata.context)
      let stored = tiers.total(through: tiers.tierCount - 1, layer: layer, head: head)
      let kept =
        compression.flatMap { tiers.kept(compression: $0, layer: layer, head: head) } ?? stored
      let pairs = link.sample.expected(layer: layer, head: head, kept: kept)
      let count = pairs.positions.count { Int($0) + link.first < end(of: index) }
      let width = context.keyCodec.width
      result.positions += pairs.positions.prefix(count).map { $0 + UInt32(link.first) }
      result.keys += pairs.keys.prefix(count * context.keyLength * width)
      result.values += pairs.values.prefix(count * context.valueLength * width)
    }
    return result
  }
}

extension SampleChain.Link {
  fileprivate init(after parent: Self?, compression: Int, _ random: inout SeededGenerator) {
    let old = parent?.tokens ?? []
    // A child keeps at least one position; a root has at least that many.
    first = parent == nil ? 0 : .random(in: 1...old.count, using: &random)
    let own = Int.random(in: (parent == nil ? 1 : 0)...90, using: &random)
    let context = parent?.sample.metadata.context
    tokens = old.prefix(first) + (0..<own).map { _ in .random(in: 0...999, using: &random) }
    sample = SampleSnapshot(
      random: &random, tokens: own, layers: context?.layers, kvHeads: context?.kvHeads,
      keyLength: context?.keyLength, valueLength: context?.valueLength, compression: compression,
      codec: context?.keyCodec)
  }

  fileprivate func write(to path: String, after parent: String?) throws {
    var metadata = sample.metadata
    let old = metadata.tiers
    metadata.context.tokens = tokens.count
    metadata.tokens = tokens
    metadata.parent = try parent.map { parent in
      ParentReference(
        digest: try SnapshotReader(path: parent).digest, firstPosition: first,
        fileName: String(parent.split(separator: "/").last ?? ""))
    }
    metadata.tiers = TierTable(
      sinks: 0, window: 0, layers: old.layers, kvHeads: old.kvHeads, firstPosition: first,
      tokens: old.tokens,
      floors: (0..<old.layers * old.kvHeads).map {
        old.floor(layer: $0 / old.kvHeads, head: $0 % old.kvHeads)
      }, compression: old.ratios[old.tierCount - 1])
    var writer = try SnapshotWriter(path: path, metadata: metadata)
    try writer.append(
      sample.blocks.map { block in
        var block = block
        block.positions = block.positions.map { $0 + UInt32(first) }
        return block
      })
    _ = try writer.finish()
  }
}
