import ByteIO
import CacheFormat
import SampleSnapshots
import TestSupport
import Testing

@testable import CacheCodec

@Suite("A transform-coded snapshot")
struct TransformSnapshotTests {
  private static let step = -32
  /// Half a step in each number of a plane, and what the element's type rounds.
  private static func bound(_ codec: ElementCodec) -> Float {
    GroupDecoder.step(step) * 2 + (codec == .bfloat16 ? 0.06 : 0.01)
  }

  private static func sample(
    _ random: inout SeededGenerator, tokens: Int? = nil, codec: ElementCodec? = nil
  ) -> SampleSnapshot {
    SampleSnapshot(
      random: &random, tokens: tokens ?? .random(in: 0...600, using: &random), codec: codec,
      isFinite: true)
  }

  /// Writes a snapshot and its transform into a folder.
  private static func write(
    _ sample: SampleSnapshot, to folder: ScratchFolder, _ random: inout SeededGenerator,
    step: Int = step
  ) throws -> (path: String, transform: TransformFile) {
    let transform = SampleTransform.file(for: sample.metadata, random: &random)
    _ = try transform.write(to: folder.path("a.qtrans"))
    let path = folder.path("a.kvsnap")
    try sample.write(to: path, by: transform, named: "a.qtrans", step: step)
    return (path, transform)
  }

  private static func expect(
    _ stored: [UInt8], like original: [UInt8], _ codec: ElementCodec, _ comment: Comment
  ) {
    let pairs = zip(codec.floats(stored), codec.floats(original))
    #expect(stored.count == original.count, comment)
    #expect(pairs.allSatisfy { abs($0 - $1) <= bound(codec) }, comment)
  }

  @Test(
    "gives each ×N its pairs at their positions, near to what was put in",
    arguments: UInt64(1)...30)
  func roundTrip(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let sample = Self.sample(&random)
    let folder = try ScratchFolder()
    let (path, _) = try Self.write(sample, to: folder, &random)
    let chain = try SnapshotChain(path: path)
    let (context, tiers) = (sample.metadata.context, sample.metadata.tiers)
    #expect(chain.last.fileSize == (try chain.last.prefixLength(compression: 8)))
    for compression in [nil, 1, 2, 3, 8, 100] {
      for layer in 0..<context.layers {
        let pairs = try chain.readLayer(layer, compression: compression)
        for (head, found) in pairs.heads.enumerated() {
          let kept =
            compression.flatMap { tiers.kept(compression: $0, layer: layer, head: head) }
          let expected = sample.expected(
            layer: layer, head: head, kept: kept ?? context.tokens)
          let comment: Comment = "seed \(seed), ×\(compression ?? 1), layer \(layer), head \(head)"
          #expect(found.positions == expected.positions, comment)
          Self.expect(found.keys, like: expected.keys, context.keyCodec, comment)
          Self.expect(found.values, like: expected.values, context.valueCodec, comment)
        }
      }
    }
  }

  @Test("keeps the first positions of a context bit for bit")
  func exact() throws {
    var random = SeededGenerator(seed: 2)
    let sample = Self.sample(&random, tokens: 20)
    let folder = try ScratchFolder()
    let (path, _) = try Self.write(sample, to: folder, &random)
    let head = try SnapshotChain(path: path).readLayer(0, compression: nil).heads[0]
    let count = 4 * sample.metadata.context.keyLength * sample.metadata.context.keyCodec.width
    #expect(head.keys.prefix(count) == sample.keys[0].flatMap(\.self).prefix(count))
  }

  @Test("keeps what no transform can code bit for bit", arguments: UInt64(1)...5)
  func uncodable(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let sample = SampleSnapshot(random: &random, tokens: 70)
    let folder = try ScratchFolder()
    // No factor of 16 bits is that fine.
    let (path, _) = try Self.write(sample, to: folder, &random, step: -200)
    let chain = try SnapshotChain(path: path)
    for layer in 0..<sample.metadata.context.layers {
      for (head, found) in try chain.readLayer(layer, compression: nil).heads.enumerated() {
        let place = layer * sample.metadata.context.kvHeads + head
        #expect(found.keys == sample.keys[place].flatMap(\.self))
        #expect(found.values == sample.values[place].flatMap(\.self))
      }
    }
  }

  @Test("has equal bytes each time, and its blocks can be copied")
  func copies() throws {
    var random = SeededGenerator(seed: 3)
    let sample = Self.sample(&random, tokens: 300)
    let folder = try ScratchFolder()
    let (path, transform) = try Self.write(sample, to: folder, &random)
    let again = folder.path("b.kvsnap")
    try sample.write(to: again, by: transform, named: "a.qtrans", step: Self.step)
    #expect(try bytes(of: path) == bytes(of: again))
    let reader = try SnapshotReader(path: path)
    let copy = folder.path("c.kvsnap")
    var writer = try SnapshotWriter(
      path: copy, metadata: sample.metadata, layout: reader.blocks?.layout)
    for tier in 0..<sample.metadata.tiers.tierCount {
      for layer in 0..<sample.metadata.context.layers {
        try writer.appendStored(tier: tier, layer: layer, of: reader)
      }
    }
    try writer.appendStoredBlocks(of: reader)
    _ = try writer.finish()
    #expect(try bytes(of: path) == bytes(of: copy))
  }

  @Test("needs its own transform, and is valid without it")
  func missing() throws {
    var random = SeededGenerator(seed: 4)
    let sample = Self.sample(&random, tokens: 100)
    let folder = try ScratchFolder()
    let (path, transform) = try Self.write(sample, to: folder, &random)
    let elsewhere = try ScratchFolder()
    _ = try transform.write(to: elsewhere.path("moved.qtrans"))
    let other = SampleTransform.file(for: sample.metadata, random: &random)
    _ = try other.write(to: folder.path("a.qtrans"))
    #expect(try Verification.verify(path: path) == .snapshot)
    let chain = try SnapshotChain(path: path)
    #expect(throws: TransformMissing.self) { try chain.checkDecodable(compression: nil) }
    #expect(throws: TransformMissing.self) { try chain.readLayer(0, compression: nil) }
    #expect(try chain.readPositions(layer: 0, compression: 2).count > 0)
    var companions = Companions()
    companions.transforms = [elsewhere.path("moved.qtrans")]
    try SnapshotChain(path: path, with: companions).checkDecodable(compression: nil)
  }

  @Test("is rejected if its transform has other groups")
  func otherGroups() throws {
    var random = SeededGenerator(seed: 6)
    let samples = [2, 3].map { layers in
      SampleSnapshot(
        random: &random, tokens: 9, layers: layers, kvHeads: 2, keyLength: 4, valueLength: 4,
        codec: .float16, isFinite: true)
    }
    let folder = try ScratchFolder()
    let transform = SampleTransform.file(for: samples[0].metadata, random: &random)
    _ = try transform.write(to: folder.path("a.qtrans"))
    let path = folder.path("a.kvsnap")
    try samples[0].write(to: path, by: transform, named: "a.qtrans", step: Self.step)
    // The same digest in the file of a cache of another shape.
    let reader = try SnapshotReader(path: path)
    let layout = BlockLayout(
      transform: try #require(reader.blocks).layout.transform, groups: [0..<6], tokens: 9, exact: 9)
    let wrong = folder.path("b.kvsnap")
    var writer = try SnapshotWriter(path: wrong, metadata: samples[1].metadata, layout: layout)
    try writer.append(
      samples[1].blocks.map { PairBlock(positions: $0.positions, keys: [], values: []) })
    try writer.append(block: [UInt8](repeating: 0, count: 9 * 6 * 16), step: nil)
    _ = try writer.finish()
    #expect(throws: MalformedFile.self) {
      try SnapshotChain(path: wrong).checkDecodable(compression: nil)
    }
  }

  @Test("whose bytes were changed is rejected", arguments: UInt64(1)...40)
  func damage(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let folder = try ScratchFolder()
    let (path, _) = try Self.write(Self.sample(&random, tokens: 90), to: folder, &random)
    var changed = try bytes(of: path)
    let place = Int.random(in: changed.indices, using: &random)
    changed[place] ^= UInt8.random(in: 1...255, using: &random)
    let damaged = try folder.write("b.kvsnap", changed)
    #expect(throws: MalformedFile.self, "byte \(place)") {
      try Verification.verify(path: damaged)
    }
  }
}
