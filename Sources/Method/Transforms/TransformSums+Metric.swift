import CacheFormat
public import QFilters

/// How much errors harm what the model predicts.
extension TransformSums {
  /// A key's error is seen by the queries, a value's by the output projection. Both are weighed by
  /// what noise of that kind did to the model's predictions.
  var metric: [HeadMetric] {
    let weights = keyWeights(queries, positions: positions)
    return values.enumerated().map { head, value in
      let (key, scale) = (sensitivity(head, 0).squareRoot(), sensitivity(head, 1))
      return HeadMetric(
        key: weights[head].map { $0 * Float(key) }, value: value.map { $0 * Float(scale) })
    }
  }

  private func sensitivity(_ head: Int, _ tensor: Int) -> Double {
    max(sensitivity[head * 2 + tensor] / Double(max(probes, 1)), 1e-30)
  }

  /// The weights of errors in keys before sensitivity, from the squares of the queries at some
  /// positions.
  ///
  /// - Parameter squares: [heads × keyLength]: their sums.
  /// - Returns: [heads][keyLength]: equal for both elements of a plane, greater than 0.
  public func keyWeights(_ squares: [Double], positions: Int) -> [[Float]] {
    let length = shape.keyLength
    return (0..<shape.heads).map { head in
      var means = squares[head * length..<(head + 1) * length].map {
        $0 / Double(max(positions, 1))
      }
      let planes = rope.layers[head / shape.kvHeads].frequencies.count
      for plane in 0..<planes {
        let mean = (means[plane] + means[plane + planes]) / 2
        (means[plane], means[plane + planes]) = (mean, mean)
      }
      // An element that no query reads still counts a little.
      let mean = means.reduce(0, +) / Double(length)
      return means.map { Float(($0 + 0.01 * mean + 1e-30).squareRoot()) }
    }
  }

  /// The metric of a KV head's values: what the output projection makes of them, W_Oᵀ W_O, summed
  /// over the query heads that share it.
  ///
  /// - Parameter columns: [valueLength][outputs] for each query head.
  /// - Throws: `CalibrationError.openBLASMissing`.
  public static func outputMetric(
    _ columns: [[Float]], length: Int
  ) throws(CalibrationError) -> [Float] {
    var metric = [Float](repeating: 0, count: length * length)
    for rows in columns {
      let gram = try LinearAlgebra.gram(
        rows.span, offset: 0, rows: rows.count / length, length: length, stride: length)
      for row in 0..<length {
        for column in row..<length { metric[row * length + column] += gram[row * length + column] }
      }
    }
    let trace = (0..<length).reduce(Float(0)) { $0 + metric[$1 * (length + 1)] }
    for row in 0..<length {
      metric[row * (length + 1)] += 0.01 * trace / Float(length) + 1e-30
      for column in 0..<row { metric[row * length + column] = metric[column * length + row] }
    }
    return metric
  }
}
