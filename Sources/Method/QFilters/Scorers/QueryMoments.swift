/// Mean and covariance of a context's queries, of each layer and query head.
public struct QueryMoments: Sendable {
  /// Query heads in a layer, and KV heads, which they share.
  let queryHeads, kvHeads: Int
  /// [layers · queryHeads] of [headLength].
  private let means: [[Float]]
  /// [layers · queryHeads] of [headLength × headLength].
  private let covariances: [[Float]]

  /// Follows from sums over the queries, which may be without any: then all moments are zero.
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

  /// Of a query head, counted over all layers.
  func moments(_ index: Int) -> (mean: [Float], covariance: [Float]) {
    (means[index], covariances[index])
  }
}
