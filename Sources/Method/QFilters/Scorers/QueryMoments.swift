/// Mean and covariance of a context's queries, for each layer and query head.
public struct QueryMoments: Sendable {
  /// Query heads and KV heads in a layer.
  let queryHeads, kvHeads: Int
  /// [layers · queryHeads][headLength].
  private let means: [[Float]]
  /// [layers · queryHeads][headLength × headLength].
  private let covariances: [[Float]]

  /// Computes the moments from sums over the queries. Without queries all are zero.
  public init(_ statistics: CalibrationStatistics) {
    queryHeads = statistics.queryHeads
    kvHeads = statistics.shape.kvHeads
    let (length, count) = (statistics.shape.headLength, Double(max(1, statistics.tokens)))
    let means = statistics.sums.map { $0.map { $0 / count } }
    covariances = zip(statistics.grams, means).map { gram, mean in
      (0..<length * length).map { index in
        let (row, column) = index.quotientAndRemainder(dividingBy: length)
        let product = gram[min(row, column) * length + max(row, column)]
        return Float(product / count - mean[row] * mean[column])
      }
    }
    self.means = means.map { $0.map(Float.init) }
  }

  /// How many query heads share a KV head.
  var group: Int { queryHeads / kvHeads }

  /// The moments of a query head, by its index over all layers.
  func moments(_ index: Int) -> (mean: [Float], covariance: [Float]) {
    (means[index], covariances[index])
  }
}
