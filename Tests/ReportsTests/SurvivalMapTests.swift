import CacheCodec
import CacheFormat
import SampleSnapshots
import TestSupport
import Testing

@testable import Reports

@Suite("A survival map counts what a compression keeps")
struct SurvivalMapTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func write(_ sample: SampleSnapshot) throws -> SnapshotChain {
    try sample.write(to: folder.path("a.kvsnap"))
    return try SnapshotChain(path: folder.path("a.kvsnap"))
  }

  /// Counts the survivors of a cell from the ranking itself.
  private func expected(
    _ sample: SampleSnapshot, _ map: SurvivalMap, layer: Int, row: Int, column: Int
  ) throws -> Int {
    let heads = row * map.heads.size..<row * map.heads.size + map.heads.size(of: row)
    return try heads.reduce(0) { sum, head in
      let table = sample.metadata.tiers
      let kept = try #require(table.kept(compression: map.compression, layer: layer, head: head))
      let positions = sample.expected(layer: layer, head: head, kept: kept).positions
      return sum + positions.filter { Int($0) / map.positions.size == column }.count
    }
  }

  @Test("in every cell, whether it is one position of one head or many", arguments: [1, 3, 8])
  func cells(compression: Int) throws {
    for seed in UInt64(1)...6 {
      var random = SeededGenerator(seed: seed)
      let sample = SampleSnapshot(random: &random)
      let chain = try write(sample)
      for (columns, rows) in [(1000, 1000), (7, 1000), (13, 1), (1, 1)] {
        let map = try SurvivalMap(chain, compression: compression, columns: columns, rows: rows)
        #expect(map.positions.count <= columns)
        #expect(map.heads.count * map.layers <= max(rows, map.layers))
        var (pairs, all) = (0, 0)
        for layer in 0..<map.layers {
          for row in 0..<map.heads.count {
            for column in 0..<map.positions.count {
              let survivors = map.survivors(layer: layer, row: row, column: column)
              let counted = try expected(sample, map, layer: layer, row: row, column: column)
              #expect(survivors == counted, "seed \(seed)")
              #expect(survivors <= map.pairs(row: row, column: column))
              pairs += survivors
              all += map.pairs(row: row, column: column)
            }
          }
        }
        #expect(pairs == map.pairs)
        #expect(all == sample.rankings.count * sample.metadata.context.tokens)
      }
    }
  }

  @Test("only the positions of the tiers that hold it are read")
  func bytesRead() throws {
    var random = SeededGenerator(seed: 2)
    let chain = try write(SampleSnapshot(random: &random, tokens: 180))
    let before = chain.bytesRead
    _ = try SurvivalMap(chain, compression: 8, columns: 100, rows: 100)
    let tiers = try chain.last.tiersNeeded(compression: 8)
    let positions = (0..<tiers).reduce(UInt64(0)) { sum, tier in
      (0..<chain.metadata.context.layers).reduce(sum) {
        $0 + chain.last.size(tier: tier, layer: $1, tensor: .positions).stored
      }
    }
    #expect(tiers < chain.metadata.tiers.tierCount)
    #expect(chain.bytesRead - before == positions)
  }

  @Test("a context without tokens has no columns, and one token has one", arguments: [0, 1])
  func smallest(tokens: Int) throws {
    var random = SeededGenerator(seed: 1)
    let map = try SurvivalMap(
      write(SampleSnapshot(random: &random, tokens: tokens)), compression: 1, columns: 9, rows: 9)
    #expect(map.positions.count == tokens)
    #expect(map.pairs == tokens * map.layers * map.heads.total)
  }

  @Test("a compression that is not stored is rejected by name")
  func notStored() throws {
    var random = SeededGenerator(seed: 3)
    let chain = try write(SampleSnapshot(random: &random, tokens: 100, compression: 8))
    let error = #expect(throws: CompressionNotStored.self) {
      try SurvivalMap(chain, compression: 7, columns: 9, rows: 9)
    }
    #expect(error?.least == 8)
  }
}
