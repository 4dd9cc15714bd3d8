import ByteIO
import CacheFormat
import QFilters
import TestSupport
import Testing

@Suite("Statistics files")
struct StatisticsFileTests {
  private static func digest(_ byte: UInt8) -> Digest {
    Digest([UInt8](repeating: byte, count: 32))
  }

  private let file: StatisticsFile

  init() throws {
    var random = SeededGenerator(seed: 8)
    let shape = FilterShape(layers: 2, kvHeads: 2, headLength: 5)
    var statistics = CalibrationStatistics(shape: shape, queryHeads: 4)
    for layer in 0..<2 {
      let queries = (0..<30 * 4 * 5).map { _ in Float.random(in: -1...2, using: &random) }
      try statistics.add(layer: layer, queries: queries.span, count: 30)
    }
    var sequences = SequenceSet(corpus: Self.digest(9), count: 11, length: 10)
    for index in [0, 7, 10] { sequences.insert(index) }
    file = StatisticsFile(
      identity: Identity(
        weights: Self.digest(1), architecture: Self.digest(2), rope: Self.digest(3),
        tokenizer: Self.digest(4)),
      statistics: statistics, sequences: sequences, provenance: #"{"tool":"test"}"#)
  }

  @Test("filters computed from a file equal those computed before writing")
  func roundTrip() throws {
    let scratch = try ScratchFolder()
    let size = try file.write(to: scratch.path("a.qstat"))
    let read = try StatisticsFile(path: scratch.path("a.qstat"))
    #expect(read.identity == file.identity)
    #expect(read.provenance == file.provenance)
    #expect(read.statistics.tokens == 30)
    #expect(read.sequences == file.sequences)
    #expect(read.sequences?.members == [0, 7, 10])
    #expect(read.sequences?.missing == [1, 2, 3, 4, 5, 6, 8, 9])
    #expect(read.statistics.queryHeads == 4)
    #expect(read.statistics.shape == file.statistics.shape)
    #expect(try read.statistics.filters() == file.statistics.filters())
    _ = try read.write(to: scratch.path("b.qstat"))
    #expect(try bytes(of: scratch.path("a.qstat")) == bytes(of: scratch.path("b.qstat")))
    #expect(try bytes(of: scratch.path("a.qstat")).count == Int(size))
    #expect(scratch.contents == ["a.qstat", "b.qstat"])
  }

  @Test("a file stores the sum of the queries, and the sum of their products by rows")
  func storedValues() throws {
    var statistics = CalibrationStatistics(
      shape: FilterShape(layers: 1, kvHeads: 1, headLength: 2), queryHeads: 1)
    let queries: [Float] = [1, 2, 3, 5]
    try statistics.add(layer: 0, queries: queries.span, count: 2)
    #expect(statistics.storedValues.sums == [4, 7])
    // 1·1 + 3·3, 2·1 + 5·3, 2·2 + 5·5
    let products: [Double] = [10, 17, 29]
    #expect(statistics.storedValues.grams == products)
  }

  @Test("any changed byte and any cut is rejected, naming a section")
  func damage() throws {
    let scratch = try ScratchFolder()
    _ = try file.write(to: scratch.path("whole.qstat"))
    let whole = try bytes(of: scratch.path("whole.qstat"))
    for index in whole.indices {
      var changed = whole
      changed[index] ^= 1 << UInt8(index % 8)
      let path = try scratch.write("changed.qstat", changed)
      let error = #expect(throws: MalformedFile.self, "byte \(index)") {
        try StatisticsFile(path: path)
      }
      #expect(error?.section.isEmpty == false)
      let cut = try scratch.write("cut.qstat", whole[..<index])
      #expect(throws: MalformedFile.self, "cut at \(index)") { try StatisticsFile(path: cut) }
    }
  }
}
