import CacheCodec
import CacheFormat
import TestSupport
import Testing

@Suite("A snapshot gives back what was written")
struct RoundTripTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  @Test("whole, for random shapes, precisions and rankings")
  func whole() throws {
    for seed in UInt64(1)...40 {
      var random = SeededGenerator(seed: seed)
      let sample = SampleSnapshot(random: &random)
      try sample.write(to: folder.path("a.kvsnap"))
      let reader = try SnapshotReader(path: folder.path("a.kvsnap"))
      #expect(reader.metadata == sample.metadata, "seed \(seed)")
      try expect(reader, sample, ratio: nil, "seed \(seed)")
      try Verification.verify(path: folder.path("a.kvsnap"))
      #expect(reader.bytesRead == reader.fileSize, "seed \(seed)")
    }
  }

  @Test("without a token, and with one", arguments: [0, 1])
  func smallest(tokens: Int) throws {
    var random = SeededGenerator(seed: 1)
    let sample = SampleSnapshot(random: &random, tokens: tokens)
    try sample.write(to: folder.path("a.kvsnap"))
    try expect(SnapshotReader(path: folder.path("a.kvsnap")), sample, ratio: nil, "\(tokens)")
    try Verification.verify(path: folder.path("a.kvsnap"))
  }

  @Test("×N of a whole snapshot is what a snapshot made at ×N holds, for every N")
  func everyRatio() throws {
    for seed in UInt64(1)...4 {
      var random = SeededGenerator(seed: seed)
      let sample = SampleSnapshot(random: &random)
      try sample.write(to: folder.path("whole.kvsnap"))
      for ratio in 1...64 {
        let whole = try SnapshotReader(path: folder.path("whole.kvsnap"))
        try sample.made(at: ratio).write(to: folder.path("made.kvsnap"))
        let made = try SnapshotReader(path: folder.path("made.kvsnap"))
        for layer in 0..<sample.metadata.context.layers {
          let (a, b) = (
            try whole.readLayer(layer, ratio: ratio), try made.readLayer(layer, ratio: ratio)
          )
          #expect(a.heads.map(\.positions) == b.heads.map(\.positions), "seed \(seed), ×\(ratio)")
          #expect(a.heads.map(\.keys) == b.heads.map(\.keys), "seed \(seed), ×\(ratio)")
          #expect(a.heads.map(\.values) == b.heads.map(\.values), "seed \(seed), ×\(ratio)")
        }
        let prefix = try whole.prefixLength(ratio: ratio)
        #expect(whole.bytesRead == prefix, "seed \(seed), ×\(ratio)")
        try expect(whole, sample, ratio: ratio, "seed \(seed), ×\(ratio)")
      }
    }
  }

  @Test("what is not in the file is refused by name")
  func notStored() throws {
    var random = SeededGenerator(seed: 3)
    let sample = SampleSnapshot(random: &random, tokens: 100, compression: 8)
    try sample.write(to: folder.path("a.kvsnap"))
    let reader = try SnapshotReader(path: folder.path("a.kvsnap"))
    for ratio in [nil, 1, 7] {
      let error = #expect(throws: CompressionNotStored.self) {
        try reader.readLayer(0, ratio: ratio)
      }
      #expect(error?.least == 8)
    }
  }

  @Test("equal input gives equal bytes, and a writer that is dropped leaves the old file")
  func determinism() throws {
    var random = SeededGenerator(seed: 9)
    let sample = SampleSnapshot(random: &random, tokens: 150)
    try sample.write(to: folder.path("a.kvsnap"))
    try sample.write(to: folder.path("b.kvsnap"))
    let old = try bytes(of: folder.path("a.kvsnap"))
    #expect(try bytes(of: folder.path("b.kvsnap")) == old)
    do {
      var writer = try SnapshotWriter(
        path: folder.path("a.kvsnap"), metadata: sample.made(at: 4).metadata)
      try writer.append(Array(sample.made(at: 4).blocks.prefix(1)))
    }
    #expect(try bytes(of: folder.path("a.kvsnap")) == old)
    #expect(folder.contents == ["a.kvsnap", "b.kvsnap"])
  }

  private func expect(
    _ reader: SnapshotReader, _ sample: SampleSnapshot, ratio: Int?, _ what: Comment
  ) throws {
    let context = sample.metadata.context
    for layer in 0..<context.layers {
      let pairs = try reader.readLayer(layer, ratio: ratio)
      for head in 0..<context.kvHeads {
        let kept = ratio.flatMap { sample.metadata.tiers.kept(ratio: $0, layer: layer, head: head) }
        let expected = sample.expected(layer: layer, head: head, kept: kept ?? context.tokens)
        #expect(pairs.heads[head].positions == expected.positions, what)
        #expect(pairs.heads[head].keys == expected.keys, what)
        #expect(pairs.heads[head].values == expected.values, what)
      }
    }
  }
}
