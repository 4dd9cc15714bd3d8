import Testing

@testable import Workflows

@Suite("Shards have names")
struct ShardNameTests {
  @Test("sequences that are missing are told by as few shards as possible")
  func shardNames() {
    func names(_ sequences: [Int], _ total: Int) -> [String] {
      Precompute.Shard.shards(of: sequences, among: total).map(\.description)
    }
    #expect(names([0, 1, 2, 3], 4) == ["1/1"])
    #expect(names([1, 3], 4) == ["2/2"])
    #expect(names([1, 2, 4, 5], 7) == ["2/3", "3/3"])
    #expect(names([6], 20) == ["7/14"])
    #expect(names([0], 1) == ["1/1"])
  }
}
