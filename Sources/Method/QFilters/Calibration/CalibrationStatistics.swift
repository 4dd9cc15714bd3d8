/// Sums over query vectors from which Q-Filters are computed: for each layer and query head, the
/// Gram matrix QᵀQ and the sum of the queries, in float64.
///
/// Both add up over text, so calibration streams and never holds the queries. Source of the method:
/// arXiv 2503.02812. The first right singular vector of Q is the top eigenvector of QᵀQ.
public struct CalibrationStatistics: Sendable {
  /// The shape of the filters.
  public let shape: FilterShape
  /// Query heads in a layer; a multiple of the KV heads.
  public let queryHeads: Int
  /// How many tokens were added.
  public private(set) var tokens: Int
  /// [layers × queryHeads] matrices [headLength × headLength], of which the upper triangle is
  /// filled.
  var grams: [[Double]]
  /// [layers × queryHeads] vectors.
  var sums: [[Double]]

  /// Statistics of no text.
  public init(shape: FilterShape, queryHeads: Int) {
    self.init(shape: shape, queryHeads: queryHeads, tokens: 0)
  }

  init(shape: FilterShape, queryHeads: Int, tokens: Int) {
    precondition(queryHeads % shape.kvHeads == 0)
    self.shape = shape
    self.queryHeads = queryHeads
    self.tokens = tokens
    let heads = shape.layers * queryHeads
    let square = shape.headLength * shape.headLength
    grams = .init(repeating: .init(repeating: 0, count: square), count: heads)
    sums = .init(repeating: .init(repeating: 0, count: shape.headLength), count: heads)
  }

  /// Adds one layer's queries after RoPE: `count` rows of queryHeads · headLength floats.
  ///
  /// Layers of the same text are added one by one. Layer 0 counts the tokens.
  public mutating func add(
    layer: Int, queries: Span<Float>, count: Int
  ) throws(CalibrationError) {
    let (length, stride) = (shape.headLength, queryHeads * shape.headLength)
    for head in 0..<queryHeads {
      let index = layer * queryHeads + head
      let gram = try LinearAlgebra.gram(
        queries, offset: head * length, rows: count, length: length, stride: stride)
      var greatest = 0.0
      for i in 0..<length {
        // A diagonal element is a sum of squares: it is finite exactly if its column is.
        guard gram[i * length + i].isFinite else { throw .notFinite(layer: layer) }
        greatest = max(greatest, Double(gram[i * length + i]))
      }
      addGram(gram, greatest: greatest, to: index)
      var sum = [Double](repeating: 0, count: length)
      for row in 0..<count {
        for i in 0..<length { sum[i] += Double(queries[row * stride + head * length + i]) }
      }
      let grid = SumGrid(greatest: (Double(count) * greatest).squareRoot())
      for i in 0..<length { sums[index][i] += grid.round(sum[i]) }
    }
    if layer == 0 { tokens += count }
  }

  private mutating func addGram(_ gram: [Float], greatest: Double, to index: Int) {
    let grid = SumGrid(greatest: greatest)
    for row in 0..<shape.headLength {
      for i in row * shape.headLength + row..<(row + 1) * shape.headLength {
        grams[index][i] += grid.round(Double(gram[i]))
      }
    }
  }

  /// Adds statistics of other text. The order of adding does not change the result.
  ///
  /// - Parameter other: Statistics of the same model: the same shape and number of query heads.
  /// - Throws: `CalibrationError.notFinite` if the sums are too great for a float64.
  public mutating func add(_ other: CalibrationStatistics) throws(CalibrationError) {
    precondition(shape == other.shape && queryHeads == other.queryHeads)
    for index in grams.indices {
      for i in grams[index].indices { grams[index][i] += other.grams[index][i] }
      for i in sums[index].indices { sums[index][i] += other.sums[index][i] }
      guard grams[index].allSatisfy(\.isFinite), sums[index].allSatisfy(\.isFinite) else {
        throw .notFinite(layer: index / queryHeads)
      }
    }
    tokens += other.tokens
  }

  /// The Q-Filters, [layers][kvHeads][headLength]: the mean over each group of query heads of the
  /// top eigenvector, signed so that the queries project positively on it.
  public func filters() throws(CalibrationError) -> [Float] { filters(of: try axes()) }

  /// How well each query head's direction represents its queries, [layers][queryHeads].
  public func quality() throws(CalibrationError) -> FilterQuality { quality(of: try axes()) }

  /// A filter for each query head: its direction, scaled to its queries' mean projection on it.
  public func headFilters() throws(CalibrationError) -> HeadFilters {
    try headFilters(of: try axes())
  }

  private static func product(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }
}

extension CalibrationStatistics {
  /// A query head's greatest eigenvalue, and the direction of its eigenvector on which queries
  /// project positively.
  struct Axis {
    let energy: Double
    let direction: [Double]
  }

  /// [layers · queryHeads]: the axes of all query heads. Computing them is the costly part.
  func axes() throws(CalibrationError) -> [Axis] {
    guard tokens > 0 else { throw .noQueries }
    var axes: [Axis] = []
    for head in grams.indices {
      let (energy, vector) = try LinearAlgebra.topEigenvector(
        grams[head], length: shape.headLength)
      let isOpposite = Self.product(vector, sums[head]) < 0
      axes.append(Axis(energy: energy, direction: isOpposite ? vector.map { -$0 } : vector))
    }
    return axes
  }

  func filters(of axes: [Axis]) -> [Float] {
    let group = queryHeads / shape.kvHeads
    var filters: [Float] = []
    filters.reserveCapacity(shape.count)
    for first in stride(from: 0, to: axes.count, by: group) {
      var mean = [Double](repeating: 0, count: shape.headLength)
      for axis in axes[first..<first + group] {
        for i in mean.indices { mean[i] += axis.direction[i] / Double(group) }
      }
      filters.append(contentsOf: mean.map(Float.init))
    }
    return filters
  }

  func quality(of axes: [Axis]) -> FilterQuality {
    let heads = axes.enumerated().map { head, axis in
      let total = (0..<shape.headLength).reduce(0) { $0 + grams[head][$1 * (shape.headLength + 1)] }
      let projection = abs(Self.product(axis.direction, sums[head]))
      let mean = Self.product(sums[head], sums[head]).squareRoot()
      return FilterQuality.Head(
        energyShare: Float(total > 0 ? min(1, max(0, axis.energy / total)) : 0),
        meanProjection: Float(projection / Double(tokens)),
        meanCosine: Float(mean > 0 ? min(1, projection / mean) : 0))
    }
    return FilterQuality(layers: shape.layers, queryHeads: queryHeads, heads: heads)
  }

  func headFilters(of axes: [Axis]) throws(CalibrationError) -> HeadFilters {
    let filters = axes.enumerated().flatMap { head, axis in
      let projection = Self.product(axis.direction, sums[head]) / Double(tokens)
      return axis.direction.map { Float($0 * projection) }
    }
    let heads = HeadFilters(layers: shape.layers, queryHeads: queryHeads, filters: filters)
    guard heads.isSound else { throw .headFiltersTooGreat }
    return heads
  }
}
