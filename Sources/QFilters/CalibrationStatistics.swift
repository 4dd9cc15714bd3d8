/// Sums over query vectors from which Q-Filters follow: for each layer and query head the Gram matrix
/// QᵀQ and the sum of the queries, in float64.
///
/// Both add up over text, so that calibration streams and never holds the queries themselves.
/// Source of the method: arXiv 2503.02812; the first right singular vector of Q is the top
/// eigenvector of QᵀQ.
public struct CalibrationStatistics: Sendable {
  /// The shape of the filters that follow.
  public let shape: FilterShape
  /// Query heads in a layer; a multiple of the KV heads.
  public let queryHeads: Int
  /// How many tokens were seen.
  public private(set) var tokens: Int
  /// [layers × queryHeads] matrices [headLength × headLength], of which the upper triangle is filled.
  var grams: [[Double]]
  /// [layers × queryHeads] vectors.
  var sums: [[Double]]

  /// No text yet.
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
  /// Layers of the same text are added one by one; layer 0 counts the tokens.
  public mutating func add(
    layer: Int, queries: Span<Float>, count: Int
  ) throws(CalibrationError) {
    let (length, stride) = (shape.headLength, queryHeads * shape.headLength)
    for head in 0..<queryHeads {
      let index = layer * queryHeads + head
      let gram = try LinearAlgebra.gram(
        queries, offset: head * length, rows: count, length: length, stride: stride)
      // A diagonal element is a sum of squares: it is finite exactly when its column was.
      for i in 0..<length where !gram[i * length + i].isFinite { throw .notFinite(layer: layer) }
      for i in gram.indices { grams[index][i] += Double(gram[i]) }
      for row in 0..<count {
        for i in 0..<length { sums[index][i] += Double(queries[row * stride + head * length + i]) }
      }
    }
    if layer == 0 { tokens += count }
  }

  /// The Q-Filters, [layers][kvHeads][headLength]: the mean over each group of query heads of the top
  /// eigenvector, signed so that the queries project positively on it.
  public func filters() throws(CalibrationError) -> [Float] {
    guard tokens > 0 else { throw .noQueries }
    let group = queryHeads / shape.kvHeads
    var filters: [Float] = []
    filters.reserveCapacity(shape.count)
    for first in stride(from: 0, to: grams.count, by: group) {
      var mean = [Double](repeating: 0, count: shape.headLength)
      for head in first..<first + group {
        let direction = try direction(head)
        for i in mean.indices { mean[i] += direction[i] / Double(group) }
      }
      filters.append(contentsOf: mean.map(Float.init))
    }
    return filters
  }

  private func direction(_ head: Int) throws(CalibrationError) -> [Double] {
    let vector = try LinearAlgebra.topEigenvector(grams[head], length: shape.headLength)
    let projection = zip(vector, sums[head]).reduce(0) { $0 + $1.0 * $1.1 }
    return projection < 0 ? vector.map { -$0 } : vector
  }
}
