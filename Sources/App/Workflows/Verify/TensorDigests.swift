import ByteIO
package import CacheCodec
package import CacheFormat
import QFilters

/// The digests of a file's tensors, by which readers are compared (spec, conformance.md).
package enum TensorDigests {
  /// The SHA-256 of one tensor's little-endian elements, row-major.
  package struct Entry: Sendable, Equatable {
    /// As in "layer0.head1.keys".
    package let name: String
    /// The digest of the elements.
    package let digest: Digest

    init(_ name: String, _ bytes: [UInt8]) {
      self.name = name
      digest = Digest(of: bytes)
    }
  }

  /// Decodes a file's tensors.
  ///
  /// - Parameters:
  ///   - compression: For a snapshot, only the pairs that ×N keeps; nil for all that are stored.
  ///   - companions: Files in other folders that it needs.
  /// - Throws: `MalformedFile`, `SystemError`, `CompressionNotStored`; as `SnapshotChain`.
  package static func of(
    path: String, compression: Int?, with companions: Companions = Companions()
  ) throws -> [Entry] {
    switch try ContainerReader(path: path).header.kind {
    case .snapshot: try snapshot(SnapshotChain(path: path, with: companions), compression)
    case .filterBank: [Entry("filters", bytes(try FilterBank(path: path).filters))]
    case .statistics: statistics(try StatisticsFile(path: path).statistics)
    case .transform: transform(try TransformFile(path: path).transform)
    case .transformSums:
      [Entry("sums", try ContainerReader(path: path).section(.transformSums).bytes)]
    }
  }

  private static func snapshot(_ chain: SnapshotChain, _ compression: Int?) throws -> [Entry] {
    if let compression { try chain.checkStored(compression: compression) }
    try chain.checkDecodable(compression: compression)
    var entries = [Entry("tokens", bytes(chain.metadata.tokens))]
    for layer in 0..<chain.metadata.context.layers {
      let pairs = try compression.map { try chain.readLayer(layer, compression: $0) }
      let heads = try (pairs ?? chain.readStoredLayer(layer)).heads
      for (index, head) in heads.prefix(chain.metadata.context.kvHeads(ofLayer: layer)).enumerated()
      {
        let name = "layer\(layer).head\(index)"
        entries += [
          Entry("\(name).positions", bytes(head.positions)), Entry("\(name).keys", head.keys),
          Entry("\(name).values", head.values),
        ]
      }
    }
    return entries
  }

  private static func statistics(_ statistics: CalibrationStatistics) -> [Entry] {
    let (sums, grams) = statistics.storedValues
    return [
      Entry("sums", bytes(sums.map(\.bitPattern))), Entry("grams", bytes(grams.map(\.bitPattern))),
    ]
  }

  private static func transform(_ transform: CacheTransform) -> [Entry] {
    transform.groups.enumerated().flatMap { index, group in
      [
        Entry("group\(index).mean", bytes(group.mean)),
        Entry("group\(index).scale", bytes(group.scale)),
        Entry("group\(index).basis", bytes(group.basis.map(UInt16.init(bitPattern:)))),
      ]
    }
  }

  private static func bytes(_ values: [Float]) -> [UInt8] { bytes(values.map(\.bitPattern)) }

  private static func bytes(_ values: [some FixedWidthInteger]) -> [UInt8] {
    var writer = ByteWriter()
    for value in values { writer.write(value) }
    return writer.bytes
  }
}
