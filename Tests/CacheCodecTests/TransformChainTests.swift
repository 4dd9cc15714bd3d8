import ByteIO
import CacheFormat
import SampleSnapshots
import TestSupport
import Testing

@testable import CacheCodec

@Suite("A chain of transform-coded and other snapshots")
struct TransformChainTests {
  @Test("gives the pairs of each", arguments: [[true, false], [false, true], [true, true]])
  func mixed(coded: [Bool]) throws {
    var random = SeededGenerator(seed: 7)
    let folder = try ScratchFolder()
    let sample = SampleSnapshot(
      random: &random, tokens: 400, layers: 2, kvHeads: 2, keyLength: 6, valueLength: 4,
      codec: .float16, isFinite: true)
    let transform = SampleTransform.file(for: sample.metadata, random: &random)
    _ = try transform.write(to: folder.path("a.qtrans"))
    let paths = ["root.kvsnap", "child.kvsnap"].map(folder.path)
    for (index, range) in [0..<300, 300..<400].enumerated() {
      let parent = index == 0 ? nil : paths[0]
      try Link(sample, range, parent: parent).write(
        to: paths[index], by: coded[index] ? transform : nil)
    }
    let chain = try SnapshotChain(path: paths[1])
    for layer in 0..<2 {
      for (head, found) in try chain.readLayer(layer, compression: nil).heads.enumerated() {
        let place = layer * 2 + head
        #expect(found.positions == (0..<400).map(UInt32.init))
        for (stored, original) in [(found.keys, sample.keys), (found.values, sample.values)] {
          let expected = ElementCodec.float16.floats(original[place].flatMap(\.self))
          let errors = zip(ElementCodec.float16.floats(stored), expected).map { abs($0 - $1) }
          #expect((errors.max() ?? 0) < 0.02, "layer \(layer), head \(head)")
        }
      }
      let kept = try chain.readLayer(layer, compression: 4)
      #expect(kept.heads.allSatisfy { $0.positions.contains { $0 >= 300 } })
    }
  }

  /// The pairs of some positions of a sample, ranked by position.
  private struct Link {
    private let sample: SampleSnapshot
    private let range: Range<Int>
    private let metadata: SnapshotMetadata

    init(_ sample: SampleSnapshot, _ range: Range<Int>, parent: String?) throws {
      (self.sample, self.range) = (sample, range)
      var metadata = sample.metadata
      metadata.context.tokens = range.upperBound
      metadata.tokens = Array(metadata.tokens.prefix(range.upperBound))
      metadata.parent = try parent.map {
        ParentReference(
          digest: try SnapshotReader(path: $0).digest, firstPosition: range.lowerBound,
          fileName: Folder.name(of: $0))
      }
      metadata.tiers = TierTable(
        sinks: 0, window: 0, layers: 2, kvHeads: 2, firstPosition: range.lowerBound,
        tokens: range.count, floors: [0, 0, 0, 0], compression: 1)
      self.metadata = metadata
    }

    func write(to path: String, by transform: TransformFile?) throws {
      let coding = transform.map {
        TransformCoding(
          $0, name: "a.qtrans", step: -32, positions: range,
          offsets: $0.transform.groups.map { _ in [Int8](repeating: 0, count: range.count) })
      }
      var writer = try SnapshotWriter(path: path, metadata: metadata, layout: coding?.layout)
      for tier in 0..<metadata.tiers.tierCount {
        try writer.append((0..<2).map { block(tier: tier, layer: $0, isCoded: coding != nil) })
      }
      if let coding {
        for _ in coding.layout.groups {
          try writer.appendGroup(coding) { pairs(layer: $0, head: $1, range) }
        }
      }
      _ = try writer.finish()
    }

    private func block(tier: Int, layer: Int, isCoded: Bool) -> PairBlock {
      var block = PairBlock(positions: [], keys: [], values: [])
      for head in 0..<2 {
        let ranks = metadata.tiers.ranks(of: tier, layer: layer, head: head)
        let positions = ranks.lowerBound + range.lowerBound..<ranks.upperBound + range.lowerBound
        block.positions += positions.map(UInt32.init)
        guard !isCoded else { continue }
        let pairs = pairs(layer: layer, head: head, positions)
        block.keys += pairs.keys
        block.values += pairs.values
      }
      return block
    }

    private func pairs(
      layer: Int, head: Int, _ positions: Range<Int>
    ) -> (keys: [UInt8], values: [UInt8]) {
      let place = layer * 2 + head
      return (
        sample.keys[place][positions].flatMap(\.self),
        sample.values[place][positions].flatMap(\.self)
      )
    }
  }
}
