import CacheCodec
import CacheFormat
import SampleSnapshots
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
      let chain = try SnapshotChain(path: folder.path("a.kvsnap"))
      #expect(chain.metadata == sample.metadata, "seed \(seed)")
      try expect(chain, sample, compression: nil, "seed \(seed)")
      try Verification.verify(path: folder.path("a.kvsnap"))
      #expect(chain.bytesRead == chain.last.fileSize, "seed \(seed)")
    }
  }

  @Test("without a token, and with one", arguments: [0, 1])
  func smallest(tokens: Int) throws {
    var random = SeededGenerator(seed: 1)
    let sample = SampleSnapshot(random: &random, tokens: tokens)
    try sample.write(to: folder.path("a.kvsnap"))
    try expect(SnapshotChain(path: folder.path("a.kvsnap")), sample, compression: nil, "\(tokens)")
    try Verification.verify(path: folder.path("a.kvsnap"))
  }

  @Test("×N of a whole snapshot is what a snapshot made at ×N holds, for every N")
  func everyRatio() throws {
    for seed in UInt64(1)...4 {
      var random = SeededGenerator(seed: seed)
      let sample = SampleSnapshot(random: &random)
      try sample.write(to: folder.path("whole.kvsnap"))
      for compression in 1...64 {
        let whole = try SnapshotChain(path: folder.path("whole.kvsnap"))
        try sample.made(at: compression).write(to: folder.path("made.kvsnap"))
        let made = try SnapshotChain(path: folder.path("made.kvsnap"))
        for layer in 0..<sample.metadata.context.layers {
          let (a, b) = (
            try whole.readLayer(layer, compression: compression),
            try made.readLayer(layer, compression: compression)
          )
          #expect(
            a.heads.map(\.positions) == b.heads.map(\.positions), "seed \(seed), ×\(compression)")
          #expect(a.heads.map(\.keys) == b.heads.map(\.keys), "seed \(seed), ×\(compression)")
          #expect(a.heads.map(\.values) == b.heads.map(\.values), "seed \(seed), ×\(compression)")
        }
        let prefix = try whole.last.prefixLength(compression: compression)
        #expect(whole.bytesRead == prefix, "seed \(seed), ×\(compression)")
        try expect(whole, sample, compression: compression, "seed \(seed), ×\(compression)")
      }
    }
  }

  @Test(
    "×N of a whole quantised snapshot equals one made at ×N, except a cut group of keys",
    arguments: ["int8", "int4", "keys=int4", "8:f16,int8", "2:int8,int4"])
  func everyRatioQuantised(text: String) throws {
    let precision = try Precision(text)
    for seed in UInt64(1)...3 {
      var random = SeededGenerator(seed: seed)
      let sample = SampleSnapshot(
        random: &random, tokens: 300 + Int(seed), layers: 2, codec: .float16, isFinite: true)
      try sample.write(to: folder.path("whole.kvsnap"), precision)
      let whole = try SnapshotChain(path: folder.path("whole.kvsnap"))
      for compression in 1...64 {
        try sample.made(at: compression).write(to: folder.path("made.kvsnap"), precision)
        let made = try SnapshotChain(path: folder.path("made.kvsnap"))
        for layer in 0..<2 {
          let (a, b) = (
            try whole.readLayer(layer, compression: compression),
            try made.readLayer(layer, compression: compression)
          )
          #expect(
            a.heads.map(\.positions) == b.heads.map(\.positions), "seed \(seed), ×\(compression)")
          #expect(a.heads.map(\.values) == b.heads.map(\.values), "seed \(seed), ×\(compression)")
          for head in a.heads.indices where groupsEnd(whole, made, compression, layer, head) {
            #expect(a.heads[head].keys == b.heads[head].keys, "seed \(seed), ×\(compression)")
          }
        }
      }
    }
  }

  /// Whether the last group of keys that ×N keeps of a whole snapshot ends where it does in one
  /// made at ×N.
  private func groupsEnd(
    _ whole: SnapshotChain, _ made: SnapshotChain, _ compression: Int, _ layer: Int, _ head: Int
  ) -> Bool {
    let (a, b) = (whole.metadata.tiers, made.metadata.tiers)
    let last = b.tierCount - 1
    let count = b.count(tier: last, layer: layer, head: head)
    return a.count(tier: last, layer: layer, head: head) == count || count % 64 == 0
  }

  @Test("quantised keys and values are near the cache's", arguments: ["int8", "int4"])
  func quantisedError(text: String) throws {
    for codec in ElementCodec.elements {
      var random = SeededGenerator(seed: 77)
      let sample = SampleSnapshot(
        random: &random, tokens: 200, layers: 1, kvHeads: 2, codec: codec, isFinite: true)
      // Every tier of this cache is quantised.
      let terms =
        [2, 4, 8, 16, 32, 64].map { "\($0):\(text)" } + ["keys=\(text)", "values=\(text)"]
      let mixed = (terms + [codec.name]).joined(separator: ",")
      let precision = try Precision(mixed)
      try sample.write(to: folder.path("a.kvsnap"), precision)
      let chain = try SnapshotChain(path: folder.path("a.kvsnap"))
      try Verification.verify(path: folder.path("a.kvsnap"))
      let pairs = try chain.readLayer(0, compression: 1)
      for head in 0..<2 {
        let expected = sample.expected(layer: 0, head: head, kept: 200)
        for (old, new) in [
          (expected.keys, pairs.heads[head].keys), (expected.values, pairs.heads[head].values),
        ] {
          let (old, new) = (codec.floats(old), codec.floats(new))
          let range = (old.max() ?? 0) - (old.min() ?? 0)
          // Half a step, and what rounding the minimum, the scale and the result adds.
          let bound = range / (text == "int8" ? 255 : 15) * 0.6 + 0x1p-7 * (old.map(abs).max() ?? 0)
          #expect(zip(old, new).allSatisfy { abs($0 - $1) <= bound })
          #expect(old != new)
        }
      }
    }
  }

  @Test(
    "a number that a quantised codec cannot store is rejected, with its place",
    arguments: ["int8", "int4"])
  func notQuantisable(text: String) throws {
    var random = SeededGenerator(seed: 5)
    let sample = SampleSnapshot(
      random: &random, tokens: 9, layers: 1, kvHeads: 2, codec: .float16, isFinite: true)
    var blocks = sample.blocks
    let last = blocks.count - 1
    blocks[last].values[blocks[last].values.count - 1] = 0x7C
    let precision = try Precision(text)
    var writer = try SnapshotWriter(
      path: folder.path("a.kvsnap"), metadata: sample.metadata,
      codecs: precision.codecs(sample.metadata.tiers))
    do {
      try writer.append(blocks)
      Issue.record("it was stored")
    } catch let error as NotQuantisable {
      #expect(error.head == 1)
      #expect(error.tensor == "values")
    }
    #expect(folder.contents == [])
  }

  @Test("a compression that is not stored is rejected by name")
  func notStored() throws {
    var random = SeededGenerator(seed: 3)
    let sample = SampleSnapshot(random: &random, tokens: 100, compression: 8)
    try sample.write(to: folder.path("a.kvsnap"))
    let chain = try SnapshotChain(path: folder.path("a.kvsnap"))
    for compression in [nil, 1, 7] {
      let error = #expect(throws: CompressionNotStored.self) {
        try chain.readLayer(0, compression: compression)
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
    _ chain: SnapshotChain, _ sample: SampleSnapshot, compression: Int?, _ what: Comment
  ) throws {
    let context = sample.metadata.context
    for layer in 0..<context.layers {
      let pairs = try chain.readLayer(layer, compression: compression)
      for head in 0..<context.kvHeads {
        let kept = compression.flatMap {
          sample.metadata.tiers.kept(compression: $0, layer: layer, head: head)
        }
        let expected = sample.expected(layer: layer, head: head, kept: kept ?? context.tokens)
        #expect(pairs.heads[head].positions == expected.positions, what)
        #expect(pairs.heads[head].keys == expected.keys, what)
        #expect(pairs.heads[head].values == expected.values, what)
      }
    }
  }
}
