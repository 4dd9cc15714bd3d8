import ByteIO
import CacheFormat
import Platform
import Inference

/// What noise in each head's keys, and in its values, does to a model's predictions.
struct TransformProbe {
  private let model: LoadedModel
  /// [heads]: how errors count, before sensitivity.
  private let metric: [HeadMetric]
  private var random = SplitMix64(seed: 0)

  /// The noise's share of the vectors' variance.
  private static let share = 0.1

  init(_ model: LoadedModel, metric: [HeadMetric]) { (self.model, self.metric) = (model, metric) }

  /// Changes one head's keys, or its values, at a time.
  ///
  /// - Parameter predicted: How many last tokens are predicted from a cache of the others.
  /// - Returns: [heads × 2]: the mean divergence in nats, divided by the noise's variance, which
  ///   is summed over all elements.
  mutating func run(_ tokens: [Int], predicted: Int) throws -> [Double] {
    let tail = Array(tokens.suffix(predicted))
    let shape = model.engine.cacheShape
    let cache = try KVCache(shape: shape, dtype: .f32, capacity: tokens.count)
    _ = try model.engine.prefill(tokens.dropLast(predicted), into: cache)
    let predictions = try model.engine.predictions(tail, into: cache)
    cache.removeLast(tail.count)
    var ratios: [Double] = []
    for index in metric.indices {
      let (layer, head) = index.quotientAndRemainder(dividingBy: shape.kvHeads)
      for isKey in [true, false] {
        let old = cache.floats(layer: layer, head: head, isKey: isKey)
        let metric: Metric =
          isKey ? .init(key: metric[index].key) : .init(value: metric[index].value)
        let (new, variance) = noisy(old, metric)
        cache.set(new, layer: layer, head: head, isKey: isKey)
        let divergences = try model.engine.divergences(from: predictions, tail, into: cache)
        cache.removeLast(tail.count)
        ratios.append(divergences.reduce(0, +) / Double(divergences.count) / max(variance, 1e-30))
        cache.set(old, layer: layer, head: head, isKey: isKey)
      }
    }
    return ratios
  }

  /// Vectors with noise, and its variance in the metric, summed over the elements of a vector.
  private mutating func noisy(_ vectors: [Float], _ metric: Metric) -> ([Float], Double) {
    let length = metric.length
    let rows = CacheTransform.exactPositions..<vectors.count / length
    var means = [Float](repeating: 0, count: length)
    for row in rows {
      for index in 0..<length { means[index] += vectors[row * length + index] / Float(rows.count) }
    }
    let square = rows.reduce(0.0) { sum, row in
      sum + Double(metric.square((0..<length).map { vectors[row * length + $0] - means[$0] }))
    }
    let variance = square / Double(rows.count) * Self.share
    let deviation = Float((variance / Double(length)).squareRoot())
    var vectors = vectors
    for row in rows {
      let noise = metric.vector((0..<length).map { _ in deviation * normal() })
      for index in 0..<length { vectors[row * length + index] += noise[index] }
    }
    return (vectors, variance)
  }

  /// A Gaussian number of variance 1 (Box and Muller).
  private mutating func normal() -> Float {
    let radius = Float(random.next() >> 40) * 0x1p-24 + 0x1p-25
    let angle = Float(random.next() >> 40) * 0x1p-24
    return (-2 * logf(radius)).squareRoot() * cosf(2 * .pi * angle)
  }
}

/// A metric as a lower triangle L: the square of x is |Lᵀ x|².
private struct Metric {
  let length: Int
  private let triangle: [Float]

  init(key: [Float]) {
    length = key.count
    var triangle = [Float](repeating: 0, count: key.count * key.count)
    for (index, weight) in key.enumerated() { triangle[index * (key.count + 1)] = weight }
    self.triangle = triangle
  }

  /// Cholesky's decomposition.
  init(value: [Float]) {
    let length = Int(Double(value.count).squareRoot())
    var triangle = [Double](repeating: 0, count: value.count)
    for row in 0..<length {
      for column in 0...row {
        var sum = Double(value[row * length + column])
        for index in 0..<column {
          sum -= triangle[row * length + index] * triangle[column * length + index]
        }
        triangle[row * length + column] =
          row == column ? max(sum, 1e-30).squareRoot() : sum / triangle[column * (length + 1)]
      }
    }
    (self.length, self.triangle) = (length, triangle.map { Float($0) })
  }

  /// |Lᵀ x|².
  func square(_ x: [Float]) -> Float {
    (0..<length).reduce(Float(0)) { total, column in
      let sum = (column..<length).reduce(Float(0)) { $0 + triangle[$1 * length + column] * x[$1] }
      return total + sum * sum
    }
  }

  /// The vector x for which Lᵀ x is given.
  func vector(_ product: [Float]) -> [Float] {
    var x = product
    for row in (0..<length).reversed() {
      for index in row + 1..<length { x[row] -= triangle[index * length + row] * x[index] }
      x[row] /= triangle[row * (length + 1)]
    }
    return x
  }
}

extension KVCache {
  fileprivate func floats(layer: Int, head: Int, isKey: Bool) -> [Float] {
    isKey ? decodedKeys(layer: layer, head: head) : decodedValues(layer: layer, head: head)
  }

  /// Replaces a head's keys or values in a cache of float32.
  fileprivate func set(_ floats: [Float], layer: Int, head: Int, isKey: Bool) {
    let write = { (target: inout MutableRawSpan) in
      for (index, value) in floats.enumerated() {
        target.storeBytes(of: value, toByteOffset: 4 * index, as: Float.self)
      }
    }
    if isKey {
      withKeys(layer: layer, head: head) { write(&$0) }
    } else {
      withValues(layer: layer, head: head) { write(&$0) }
    }
  }
}
