import CacheFormat

extension LinearScoreSums {
  /// What is added to the diagonal of the features' Gram matrix, as a share of `scales`.
  private static let ridge = 1e-4

  /// The linear score that the sums give: for each layer and head the least squares from features
  /// to targets.
  ///
  /// - Throws: `CalibrationError.noQueries` without pairs, `.noSolution`.
  public func score() throws(CalibrationError) -> LinearScore {
    var weights: [Float] = []
    var quality: [LinearScore.Quality] = []
    weights.reserveCapacity(shape.layers * shape.kvHeads * shape.features)
    for layer in 0..<shape.layers {
      let solutions = try solve(layer: layer)
      for (head, solution) in solutions.enumerated() {
        weights += solution.map(Float.init)
        quality.append(self.quality(of: solution, layer: layer, head: head))
      }
    }
    guard weights.allSatisfy(\.isFinite) else { throw .noSolution }
    return LinearScore(shape: shape, rope: rope, weights: weights, quality: quality)
  }

  /// [kvHeads][features].
  private func solve(layer: Int) throws(CalibrationError) -> [[Double]] {
    let (width, columns, gram) = (shape.features, shape.columns, grams[layer])
    guard gram[(width - 1) * (columns + 1)] > 0 else { throw .noQueries }
    let scales = scales(layer: layer)
    var matrix = [Double](repeating: 0, count: width * width)
    for row in 0..<width {
      for column in row..<width { matrix[row * width + column] = gram[row * columns + column] }
      matrix[row * (width + 1)] += scales[row] > 0 ? Self.ridge * scales[row] : 1
    }
    let targets = (0..<shape.kvHeads).map { head in
      (0..<width).map { gram[$0 * columns + width + head] }
    }
    return try LinearAlgebra.solve(matrix, length: width, for: targets)
  }

  /// [features], how great each is: its diagonal element. An element of a key or a value counts as
  /// at least the mean of the vector's elements: in models that normalise keys some elements are
  /// nearly 0, and a stored key has little more than rounding there.
  private func scales(layer: Int) -> [Double] {
    var scales = (0..<shape.features).map { grams[layer][$0 * (shape.columns + 1)] }
    let keys = shape.kvHeads * shape.keyLength
    for head in 0..<shape.kvHeads {
      let key = head * shape.keyLength..<(head + 1) * shape.keyLength
      let value = keys + head * shape.valueLength..<keys + (head + 1) * shape.valueLength
      for vector in [key, value] {
        let mean = scales[vector].reduce(0, +) / Double(vector.count)
        for element in vector { scales[element] = max(scales[element], mean) }
      }
    }
    return scales
  }

  /// How well a head's targets are foreseen, over the pairs that were summed.
  private func quality(of weights: [Double], layer: Int, head: Int) -> LinearScore.Quality {
    let (width, columns, gram) = (shape.features, shape.columns, grams[layer])
    func element(_ row: Int, _ column: Int) -> Double {
      gram[min(row, column) * columns + max(row, column)]
    }
    let target = width + head
    let count = element(width - 1, width - 1)
    let mean = element(width - 1, target) / count
    let variance = max(0, element(target, target) / count - mean * mean)
    var error = element(target, target)
    for row in 0..<width {
      var product = 0.0
      for column in 0..<width { product += element(row, column) * weights[column] }
      error += weights[row] * (product - 2 * element(row, target))
    }
    let explained = variance > 0 ? 1 - error / count / variance : 0
    return LinearScore.Quality(
      pairs: count, mean: Float(mean), deviation: Float(variance.squareRoot()),
      explained: Float(min(1, max(0, explained))))
  }
}
