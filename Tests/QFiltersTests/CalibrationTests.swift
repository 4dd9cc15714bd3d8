import QFilters
import TestSupport
import Testing

@Suite("Calibration statistics and the filters that follow")
struct CalibrationTests {
  @Test("filters equal the top singular direction found by plain power iteration")
  func agreesWithPowerIteration() throws {
    for seed in UInt64(1)...10 {
      var random = SeededGenerator(seed: seed)
      let shape = FilterShape(
        layers: .random(in: 1...3, using: &random), kvHeads: .random(in: 1...3, using: &random),
        headLength: [2, 5, 16, 33].randomElement(using: &random) ?? 2)
      let group = Int.random(in: 1...3, using: &random)
      let queryHeads = shape.kvHeads * group
      let queries = (0..<shape.layers).map { _ in
        Self.queries(rows: 200, heads: queryHeads, length: shape.headLength, random: &random)
      }
      let filters = try Self.filters(shape, queryHeads, queries, pieces: [200])
      for layer in 0..<shape.layers {
        for head in 0..<shape.kvHeads {
          var expected = [Double](repeating: 0, count: shape.headLength)
          for member in head * group..<(head + 1) * group {
            let direction = Self.direction(
              queries[layer], head: member, heads: queryHeads, length: shape.headLength)
            for i in expected.indices { expected[i] += direction[i] / Double(group) }
          }
          let start = (layer * shape.kvHeads + head) * shape.headLength
          let worst =
            expected.indices.map { abs(expected[$0] - Double(filters[start + $0])) }.max() ?? 0
          #expect(worst < 1e-4, "seed \(seed), layer \(layer), head \(head)")
        }
      }
    }
  }

  @Test("text in pieces gives what it gives at once")
  func addsUp() throws {
    var random = SeededGenerator(seed: 5)
    let shape = FilterShape(layers: 1, kvHeads: 2, headLength: 16)
    let queries = [Self.queries(rows: 300, heads: 4, length: 16, random: &random)]
    let whole = try Self.filters(shape, 4, queries, pieces: [300])
    let pieces = try Self.filters(shape, 4, queries, pieces: [1, 99, 200])
    for (a, b) in zip(whole, pieces) { #expect(abs(a - b) < 1e-5) }
  }

  @Test("no text and queries that are not finite are refused")
  func refusals() throws {
    let shape = FilterShape(layers: 1, kvHeads: 1, headLength: 2)
    #expect(throws: CalibrationError.self) {
      try CalibrationStatistics(shape: shape, queryHeads: 1).filters()
    }
    var statistics = CalibrationStatistics(shape: shape, queryHeads: 1)
    let bad: [Float] = [1, .nan]
    #expect(throws: CalibrationError.self) {
      try statistics.add(layer: 0, queries: bad.span, count: 1)
    }
  }

  @Test("statistics whose eigenvectors overflow are refused, not turned into filters")
  func overflow() throws {
    let path = Fixtures.path("../Fuzzing/Regressions/statistics/eigenvector-overflows.qstat")
    let statistics = try StatisticsFile(path: path).statistics
    #expect(throws: CalibrationError.self) { try statistics.filters() }
  }

  /// Queries that lean in one direction, as those of real models do.
  private static func queries(
    rows: Int, heads: Int, length: Int, random: inout SeededGenerator
  ) -> [Float] {
    let lean = random.floats(heads * length)
    return (0..<rows).flatMap { _ in zip(random.floats(heads * length), lean).map { $0 + 2 * $1 } }
  }

  private static func filters(
    _ shape: FilterShape, _ queryHeads: Int, _ queries: [[Float]], pieces: [Int]
  ) throws -> [Float] {
    var statistics = CalibrationStatistics(shape: shape, queryHeads: queryHeads)
    let width = queryHeads * shape.headLength
    for layer in 0..<shape.layers {
      var start = 0
      for piece in pieces {
        let rows = Array(queries[layer][start * width..<(start + piece) * width])
        try statistics.add(layer: layer, queries: rows.span, count: piece)
        start += piece
      }
    }
    return try statistics.filters()
  }

  private static func direction(
    _ queries: [Float], head: Int, heads: Int, length: Int
  ) -> [Double] {
    let rows = stride(from: head * length, to: queries.count, by: heads * length).map { start in
      queries[start..<start + length].map(Double.init)
    }
    var vector = rows.reduce([Double](repeating: 0, count: length)) { zip($0, $1).map(+) }
    let sum = vector
    for _ in 0..<500 {
      var next = [Double](repeating: 0, count: length)
      for row in rows {
        let projection = zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 }
        for i in next.indices { next[i] += projection * row[i] }
      }
      let norm = next.reduce(0) { $0 + $1 * $1 }.squareRoot()
      vector = next.map { $0 / norm }
    }
    let sign: Double = zip(vector, sum).reduce(0) { $0 + $1.0 * $1.1 } < 0 ? -1 : 1
    return vector.map { $0 * sign }
  }
}
