import ByteIO
import CacheCodec
import CacheFormat
import Foundation
import SampleSnapshots
import TestSupport
import Testing

@Suite("A chain of snapshots is read as one cache")
struct ChainTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func chain(_ sample: SampleChain, parents: [String] = []) throws -> SnapshotChain {
    var companions = Companions()
    companions.parents = parents
    return try SnapshotChain(path: try #require(sample.paths.last), with: companions)
  }

  @Test("×N joins what ×N keeps of each snapshot, and the whole is everything, for random shapes")
  func union() throws {
    for seed in UInt64(1)...30 {
      var random = SeededGenerator(seed: seed)
      let sample = try SampleChain(random: &random, in: folder)
      let chain = try chain(sample)
      #expect(chain.snapshots.map(\.path) == sample.paths, "seed \(seed)")
      #expect(chain.metadata.tokens == sample.tokens, "seed \(seed)")
      #expect(chain.isWhole, "seed \(seed)")
      for compression in [nil, 1, 2, 8, .random(in: 2...70, using: &random)] {
        try expect(chain, sample, compression: compression, "seed \(seed), ×\(compression ?? 0)")
      }
      for path in sample.paths { try Verification.verify(path: path) }
    }
  }

  @Test("everything that each snapshot stores is read, whatever its compression")
  func stored() throws {
    for seed in UInt64(1)...10 {
      var random = SeededGenerator(seed: seed)
      let sample = try SampleChain(random: &random, in: folder, count: 3, compressions: [4, 16, 1])
      let chain = try chain(sample)
      #expect(chain.leastCompression == 16)
      try expect(chain, sample, compression: 16, "seed \(seed)")
      for layer in 0..<chain.metadata.context.layers {
        let pairs = try chain.readStoredLayer(layer)
        #expect(
          try chain.readStoredPositions(layer: layer) == pairs.heads.map(\.positions),
          "seed \(seed)")
        for (head, stored) in pairs.heads.enumerated() {
          let expected = sample.expected(layer: layer, head: head, compression: nil)
          #expect(stored.positions == expected.positions, "seed \(seed)")
          #expect(stored.keys == expected.keys, "seed \(seed)")
        }
      }
      for (compression, index) in [(nil, 0), (3, 0), (4, 1), (15, 1)] {
        let error = #expect(throws: CompressionNotStored.self) {
          try chain.readLayer(0, compression: compression)
        }
        #expect(error?.path == sample.paths[index])
      }
    }
  }

  private func expect(
    _ chain: SnapshotChain, _ sample: SampleChain, compression: Int?, _ what: Comment
  ) throws {
    for layer in 0..<chain.metadata.context.layers {
      let pairs = try chain.readLayer(layer, compression: compression)
      #expect(
        try chain.readPositions(layer: layer, compression: compression)
          == pairs.heads.map(\.positions), what)
      for (head, read) in pairs.heads.enumerated() {
        let expected = sample.expected(layer: layer, head: head, compression: compression)
        #expect(read.positions == expected.positions, what)
        #expect(read.keys == expected.keys, what)
        #expect(read.values == expected.values, what)
        #expect(read.ranking.sorted() == expected.positions, what)
        if compression == nil {
          #expect(read.positions == Array(0..<UInt32(sample.tokens.count)), what)
        }
      }
    }
  }

  @Test("a snapshot's pairs keep their order in the merged ranking, and no snapshot is favoured")
  func mergedRanking() throws {
    for seed in UInt64(1)...10 {
      var random = SeededGenerator(seed: seed)
      let sample = try SampleChain(random: &random, in: folder, count: 3)
      let chain = try chain(sample)
      for layer in 0..<chain.metadata.context.layers {
        let merged = try chain.readLayer(layer, compression: 2)
        for (index, snapshot) in chain.snapshots.enumerated() {
          let own = try SnapshotChain(alone: snapshot).readLayer(layer, compression: 2)
          for (head, pairs) in own.heads.enumerated() {
            let kept = pairs.ranking.filter { $0 < chain.end(ofSnapshot: index) }
            let ranking = merged.heads[head].ranking
            #expect(ranking.filter(Set(kept).contains) == kept, "seed \(seed)")
          }
        }
      }
    }
  }

  @Test("a parent is found in the child's folder, or among those that are named, by its digest")
  func places() throws {
    var random = SeededGenerator(seed: 2)
    let sample = try SampleChain(random: &random, in: folder, count: 3)
    let elsewhere = folder.path("elsewhere.kvsnap")
    try FileManager.default.moveItem(atPath: sample.paths[0], toPath: elsewhere)
    let error = #expect(throws: ParentMissing.self) { try chain(sample) }
    #expect(error?.path == sample.paths[1])
    #expect(error?.description.contains("snapshot0.kvsnap") == true)
    let found = try chain(sample, parents: [sample.paths[2], elsewhere])
    #expect(found.snapshots.map(\.path) == [elsewhere] + sample.paths[1...])
    // Another file under its name does not matter to who has the right one.
    try FileManager.default.copyItem(atPath: sample.paths[1], toPath: sample.paths[0])
    #expect(try chain(sample, parents: [elsewhere]).snapshots.count == 3)
    let replaced = #expect(throws: MalformedFile.self) { try chain(sample) }
    #expect(replaced?.section == "PRNT")
  }

  @Test("a chain of 1,024 snapshots is read, and one more is rejected")
  func longest() throws {
    var random = SeededGenerator(seed: 6)
    let limit = SnapshotChain.maximumSnapshots
    let sample = try SampleChain(random: &random, in: folder, count: limit + 1)
    let longest = try SnapshotChain(path: sample.paths[limit - 1])
    #expect(longest.snapshots.count == limit)
    _ = try longest.readPositions(layer: 0, compression: nil)
    let error = #expect(throws: MalformedFile.self) { try chain(sample) }
    #expect(error?.section == "PRNT")
    #expect(error?.description.contains("1023") == true)
  }
}
