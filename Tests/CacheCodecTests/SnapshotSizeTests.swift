import CacheCodec
import CacheFormat
import SampleSnapshots
import TestSupport
import Testing

@Suite("The sizes of a snapshot's parts")
struct SnapshotSizeTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func reader(_ sample: SampleSnapshot) throws -> SnapshotReader {
    try sample.write(to: folder.path("a.kvsnap"))
    return try SnapshotReader(path: folder.path("a.kvsnap"))
  }

  @Test("stored bytes and metadata add up to the file, by tier, by layer and by tensor")
  func stored() throws {
    for seed in UInt64(1)...10 {
      var random = SeededGenerator(seed: seed)
      let reader = try reader(SampleSnapshot(random: &random))
      let sizes = SnapshotSizes(reader)
      let chunks = reader.fileSize - sizes.metadata
      #expect(sizes.chunks.stored == chunks, "seed \(seed)")
      #expect(sizes.tiers.reduce(0) { $0 + $1.stored } == chunks)
      #expect((0..<sizes.layerCount).reduce(0) { $0 + sizes.size(layer: $1).stored } == chunks)
      #expect(
        ChunkTable.Tensor.allCases.reduce(0) { $0 + sizes.size(tensor: $1).stored } == chunks)
      for (tier, compression) in reader.metadata.tiers.ratios.enumerated() {
        let prefix = sizes.tiers[...tier].reduce(sizes.metadata) { $0 + $1.stored }
        #expect(try reader.prefixLength(compression: compression) == prefix, "seed \(seed)")
      }
    }
  }

  @Test("raw bytes are those of the decoded tensors")
  func raw() throws {
    var random = SeededGenerator(seed: 5)
    let reader = try reader(SampleSnapshot(random: &random, tokens: 90))
    let sizes = SnapshotSizes(reader)
    for layer in 0..<reader.metadata.context.layers {
      let pairs = try SnapshotChain(alone: reader).readLayer(layer, compression: nil)
      let bytes = pairs.heads.reduce(into: (positions: 0, keys: 0, values: 0)) { sum, head in
        sum.positions += 4 * head.positions.count
        sum.keys += head.keys.count
        sum.values += head.values.count
      }
      #expect(sizes.size(layer: layer, tensor: .positions).raw == bytes.positions)
      #expect(sizes.size(layer: layer, tensor: .keys).raw == bytes.keys)
      #expect(sizes.size(layer: layer, tensor: .values).raw == bytes.values)
    }
  }

  @Test("a context without tokens has no raw bytes, but its chunks have lengths")
  func empty() throws {
    var random = SeededGenerator(seed: 1)
    let sizes = SnapshotSizes(try reader(SampleSnapshot(random: &random, tokens: 0)))
    #expect(sizes.chunks.raw == 0)
    #expect(sizes.chunks.stored > 0)
  }
}
