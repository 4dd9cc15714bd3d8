import QFilters
import TestSupport
import Testing

@Suite("Calibration statistics and the filters computed from them")
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

  @Test("text in pieces gives the same as at once")
  func addsUp() throws {
    var random = SeededGenerator(seed: 5)
    let shape = FilterShape(layers: 1, kvHeads: 2, headLength: 16)
    let queries = [Self.queries(rows: 300, heads: 4, length: 16, random: &random)]
    let whole = try Self.filters(shape, 4, queries, pieces: [300])
    let pieces = try Self.filters(shape, 4, queries, pieces: [1, 99, 200])
    for (a, b) in zip(whole, pieces) { #expect(abs(a - b) < 1e-5) }
  }

  @Test("sums over 1, 2 or 7 parts, added in any order, are bit for bit the same")
  func mergesExactly() throws {
    for seed in UInt64(1)...12 {
      var random = SeededGenerator(seed: seed)
      let shape = FilterShape(
        layers: .random(in: 1...2, using: &random), kvHeads: .random(in: 1...2, using: &random),
        headLength: [3, 8, 33].randomElement(using: &random) ?? 3)
      let queryHeads = shape.kvHeads * .random(in: 1...3, using: &random)
      // Texts of all lengths, down to one token, whose queries differ in size by a factor of 100.
      let texts = try (0..<21).map { _ in
        let rows = Int.random(in: 1...60, using: &random)
        let size = Float.random(in: 0.03...3, using: &random)
        var statistics = CalibrationStatistics(shape: shape, queryHeads: queryHeads)
        for layer in 0..<shape.layers {
          let queries = Self.queries(
            rows: rows, heads: queryHeads, length: shape.headLength, random: &random
          ).map { $0 * size }
          try statistics.add(layer: layer, queries: queries.span, count: rows)
        }
        return statistics
      }
      func sum(_ parts: [CalibrationStatistics]) throws -> CalibrationStatistics {
        var total = CalibrationStatistics(shape: shape, queryHeads: queryHeads)
        for part in parts { try total.add(part) }
        return total
      }
      let whole = try sum(texts)
      let filters = try whole.filters()
      for count in [1, 2, 7] {
        let owners = texts.map { _ in Int.random(in: 0..<count, using: &random) }
        let shards = try (0..<count).map { shard in
          try sum(
            texts.indices.filter { owners[$0] == shard }.map { texts[$0] }.shuffled(using: &random))
        }
        let merged = try sum(shards.shuffled(using: &random))
        #expect(merged.tokens == whole.tokens)
        #expect(merged.storedValues == whole.storedValues, "seed \(seed), \(count) shards")
        #expect(try merged.filters() == filters, "seed \(seed), \(count) shards")
      }
    }
  }

  @Test("rounding to exact sums moves no number by more than float32 rounds the greatest")
  func rounding() throws {
    var random = SeededGenerator(seed: 3)
    let queries = Self.queries(rows: 100, heads: 1, length: 8, random: &random)
    var statistics = CalibrationStatistics(
      shape: FilterShape(layers: 1, kvHeads: 1, headLength: 8), queryHeads: 1)
    try statistics.add(layer: 0, queries: queries.span, count: 100)
    let (sums, grams) = statistics.storedValues
    let rows = (0..<100).map { row in (0..<8).map { Double(queries[row * 8 + $0]) } }
    let greatest = (0..<8).map { i in rows.reduce(0) { $0 + $1[i] * $1[i] } }.max() ?? 0
    var index = 0
    for i in 0..<8 {
      #expect(
        abs(sums[i] - rows.reduce(0) { $0 + $1[i] }) <= (greatest * 100).squareRoot() * 0x1p-28)
      for j in 0...i {
        let exact = rows.reduce(0) { $0 + $1[i] * $1[j] }
        // Sums of 100 float32 products are rounded more often than once.
        #expect(abs(grams[index] - exact) <= greatest * 100 * 0x1p-24)
        index += 1
      }
    }
  }

  @Test("energy, projection and cosine are those that plain sums over the queries give")
  func quality() throws {
    var random = SeededGenerator(seed: 11)
    let shape = FilterShape(layers: 2, kvHeads: 1, headLength: 6)
    let queries = (0..<2).map { _ in Self.queries(rows: 150, heads: 3, length: 6, random: &random) }
    var statistics = CalibrationStatistics(shape: shape, queryHeads: 3)
    for layer in 0..<2 {
      let rows = queries[layer]
      try statistics.add(layer: layer, queries: rows.span, count: 150)
    }
    let (quality, filters) = (try statistics.quality(), try statistics.headFilters())
    for layer in 0..<2 {
      for (head, figures) in quality.heads(layer: layer).enumerated() {
        let direction = Self.direction(queries[layer], head: head, heads: 3, length: 6)
        let rows = (0..<150).map { row in
          (0..<6).map { Double(queries[layer][(row * 3 + head) * 6 + $0]) }
        }
        func product(_ a: [Double], _ b: [Double]) -> Double {
          zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let projections = rows.map { product($0, direction) }
        let mean = (0..<6).map { i in rows.reduce(0) { $0 + $1[i] } / 150 }
        let share = projections.reduce(0) { $0 + $1 * $1 } / rows.reduce(0) { $0 + product($1, $1) }
        #expect(abs(Double(figures.energyShare) - share) < 1e-5)
        #expect(abs(Double(figures.meanProjection) - projections.reduce(0, +) / 150) < 1e-4)
        let cosine = product(mean, direction) / product(mean, mean).squareRoot()
        #expect(abs(Double(figures.meanCosine) - cosine) < 1e-5)
        #expect(figures.holds)
        let filter = filters.filter(layer: layer, queryHead: head)
        for (element, part) in zip(filter, direction) {
          #expect(abs(Double(element) - part * projections.reduce(0, +) / 150) < 1e-4)
        }
      }
    }
  }

  @Test("queries that spread both ways along their first direction fail the method's assumption")
  func assumptionFails() throws {
    var random = SeededGenerator(seed: 4)
    var statistics = CalibrationStatistics(
      shape: FilterShape(layers: 1, kvHeads: 1, headLength: 4), queryHeads: 1)
    // Long in the first element, of either sign, with a small mean in the second.
    let queries = (0..<500).flatMap { row -> [Float] in
      [row % 2 == 0 ? 5 : -5, 0.5] + random.floats(2)
    }
    try statistics.add(layer: 0, queries: queries.span, count: 500)
    let head = try #require(try statistics.quality().heads.first)
    #expect(head.energyShare > 0.9)
    #expect(head.meanCosine < 0.5)
    #expect(!head.holds)
  }

  @Test("no text and queries that are not finite are rejected")
  func rejections() throws {
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

  @Test("statistics whose eigenvectors overflow are rejected, not turned into filters")
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
