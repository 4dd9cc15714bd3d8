import CacheFormat
import Platform
import QFilters

/// The principal components of a group's vectors in its heads' metric.
struct GroupBasis {
  /// Standard deviations of the factors, falling.
  let deviations: [Double]
  /// [components × length]: the vectors.
  private let vectors: [Float]
  /// [length]: the length of each row of all vectors.
  private let scale: [Float]

  /// - Parameters:
  ///   - covariance: [length × length].
  ///   - metric: How errors of the group's heads count.
  init(
    _ covariance: [Float], metric: ArraySlice<HeadMetric>, shape: CacheShape
  ) throws(CalibrationError) {
    let length = metric.count * shape.pairLength
    var (root, inverse) = (
      [Float](repeating: 0, count: length * length), [Float](repeating: 0, count: length * length)
    )
    for (index, head) in metric.enumerated() {
      let first = index * shape.pairLength
      for (element, weight) in head.key.enumerated() {
        root[(first + element) * (length + 1)] = weight
        inverse[(first + element) * (length + 1)] = 1 / weight
      }
      let start = first + shape.keyLength
      let (forward, backward) = try Self.roots(head.value, length: shape.valueLength)
      for row in 0..<shape.valueLength {
        for column in 0..<shape.valueLength {
          let place = (start + row) * length + start + column
          root[place] = forward[row * shape.valueLength + column]
          inverse[place] = backward[row * shape.valueLength + column]
        }
      }
    }
    // root · covariance · root; all of them are symmetric.
    let half = LinearAlgebra.product(root, covariance, length: length)
    let weighted = LinearAlgebra.product(half, root, length: length)
    let (values, vectors) = try LinearAlgebra.eigenvectors(
      weighted.map(Double.init), length: length)
    let order = values.indices.reversed()
    deviations = order.map { max(values[$0], 0).squareRoot() }
    let rows = order.flatMap { index in
      vectors[index * length..<(index + 1) * length].map { Float($0) }
    }
    self.vectors = LinearAlgebra.product(rows, inverse, length: length)
    var squares = [Float](repeating: 0, count: length)
    for component in 0..<length {
      for index in 0..<length {
        let value = self.vectors[component * length + index]
        squares[index] += value * value
      }
    }
    scale = squares.map { max($0.squareRoot(), .leastNormalMagnitude) }
  }

  /// The square root of a symmetric matrix, and its inverse.
  private static func roots(
    _ matrix: [Float], length: Int
  ) throws(CalibrationError) -> (root: [Float], inverse: [Float]) {
    let (values, vectors) = try LinearAlgebra.eigenvectors(matrix.map(Double.init), length: length)
    let greatest = max(values.last ?? 0, 1e-300)
    var (root, inverse) = (
      [Float](repeating: 0, count: length * length), [Float](repeating: 0, count: length * length)
    )
    for (index, value) in values.enumerated() {
      let size = max(value, greatest * 1e-12).squareRoot()
      for row in 0..<length {
        for column in 0..<length {
          let product = vectors[index * length + row] * vectors[index * length + column]
          root[row * length + column] += Float(product * size)
          inverse[row * length + column] += Float(product / size)
        }
      }
    }
    return (root, inverse)
  }

  /// The group, with the components whose deviations are at least 2^(least / 4).
  func group(heads: Range<Int>, mean: [Float], least: Int, finest: Int) -> CacheTransform.Group {
    let quarters = deviations.map { Int((4 * log2(max($0, 1e-30))).rounded()) }
    let count = max(1, quarters.firstIndex { $0 < least } ?? quarters.count)
    let length = scale.count
    let basis = (0..<count * length).map { place in
      let shift = CacheTransform.shift(deviation: quarters[place / length], finest: finest)
      let digit = Float(1 << shift)
      let element = vectors[place] / scale[place % length] * CacheTransform.unit
      return Int16((element / digit).rounded() * digit)
    }
    return CacheTransform.Group(
      heads: heads, mean: mean, scale: scale, deviations: Array(quarters.prefix(count)),
      basis: basis)
  }
}
