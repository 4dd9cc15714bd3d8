import CacheFormat
import Inference
import ModelFiles
import QFilters
import Transforms

/// The sums of a transform's calibration.
struct TransformCalibration {
  private let model: LoadedModel
  private var sums: TransformSums
  /// [heads]: what the output projection makes of each KV head's values.
  private let valueMetrics: [[Float]]

  /// The first tokens of a context are stored as they are: they are like no others.
  static let sinks = 4
  /// One sequence in that many shows what noise does.
  private static let probeInterval = 7
  /// The most tokens of a probe, and how many of them are predicted.
  private static let (probeLength, predicted) = (768, 128)

  /// - Parameter length: Tokens of a sequence.
  init(_ model: LoadedModel, length: Int) throws {
    self.model = model
    valueMetrics = try model.outputMetrics()
    sums = TransformSums(
      shape: CacheShape(of: model.engine.architecture),
      rope: model.engine.layerRoPE(length: length))
  }

  /// Adds the sequence of that index.
  mutating func add(_ tokens: [Int], index: Int) throws {
    let cache = try KVCache(shape: model.engine.cacheShape, dtype: .f32, capacity: tokens.count)
    var squares = QuerySquares(model.engine.architecture)
    try model.engine.observe(tokens, into: cache) { squares.add($1, layer: $0, count: $2) }
    let positions = (0..<UInt32(tokens.count)).dropFirst(Self.sinks).map(\.self)
    for (group, heads) in sums.groups.enumerated() {
      let rows = cache.rows(of: heads, at: positions[...], rope: sums.rope)
      try sums.add(rows, group: group)
    }
    sums.add(positions: positions.count, squares: squares.sums)
    guard index % Self.probeInterval == 0 else { return }
    let weights = sums.keyWeights(squares.sums, positions: tokens.count)
    let metric = zip(weights, valueMetrics).map { HeadMetric(key: $0, value: $1) }
    var probe = TransformProbe(model, metric: metric)
    let sample = Array(tokens.prefix(Self.probeLength))
    sums.add(sensitivity: try probe.run(sample, predicted: min(Self.predicted, sample.count / 4)))
  }

  /// The transform of the sums.
  func transform() throws -> CacheTransform { try sums.transform(values: valueMetrics) }
}

/// Σ q² of each element of the queries that share a KV head.
private struct QuerySquares {
  private let model: ModelConfig
  /// [heads × keyLength].
  private(set) var sums: [Double]

  init(_ model: ModelConfig) {
    self.model = model
    sums = [Double](repeating: 0, count: model.layers * model.kvHeads * model.keyLength)
  }

  mutating func add(_ queries: Matrix, layer: Int, count: Int) {
    let length = model.keyLength
    for row in 0..<count {
      let query = queries.row(row)
      for head in 0..<model.queryHeads {
        let first = (layer * model.kvHeads + head / model.group) * length
        for index in 0..<length {
          let value = Double(query[head * length + index])
          sums[first + index] += value * value
        }
      }
    }
  }
}

extension LoadedModel {
  /// [heads]: the metric of each KV head's values (`TransformSums.outputMetric`).
  fileprivate func outputMetrics() throws -> [[Float]] {
    let model = engine.architecture
    let length = model.valueLength
    let matrices = Dictionary(uniqueKeysWithValues: engine.tensors.map { ($0.name, $0) })
    return try (0..<model.layers).flatMap { layer in
      var heads = [[Float]](repeating: [], count: model.queryHeads)
      if let matrix = matrices["blk.\(layer).attn_output.weight"] {
        for row in 0..<matrix.rows {
          let weights = matrix.decodedRow(row)
          for head in heads.indices { heads[head] += weights[head * length..<(head + 1) * length] }
        }
      }
      return try (0..<model.kvHeads).map { head in
        let group = heads[head * model.group..<(head + 1) * model.group]
        return try TransformSums.outputMetric(Array(group), length: length)
      }
    }
  }
}
