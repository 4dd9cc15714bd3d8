public import CacheFormat
public import QFilters

/// Sums over text from which a model's transform is learnt. They add up like
/// `CalibrationStatistics`: the order of adding does not change the result (spec, section 11.6).
public struct TransformSums: Sendable {
  /// The shape of the model's caches.
  public let shape: CacheShape
  /// How layers encode positions.
  public let rope: LayerRoPE
  /// Which heads are coded together, counted through all layers.
  public let groups: [Range<Int>]
  /// [heads]: what the output projection makes of each KV head's values (`outputMetric`).
  public internal(set) var values: [[Float]]
  /// How many positions were summed.
  public internal(set) var positions = 0
  /// [groups][length]: Σ x, x being the pairs of one position, keys before RoPE.
  var sums: [[Double]]
  /// [groups][length × length]: Σ x xᵀ, of which the upper triangle is filled.
  var grams: [[Double]]
  /// [heads × keyLength]: Σ q², over the queries of a head's group; q before RoPE or after it are
  /// alike, once both elements of a plane are added.
  var queries: [Double]
  /// [heads × 2]: Σ divergence / variance of noise in a head's keys, and in its values.
  var sensitivity: [Double]
  /// How many divergences each of them is of.
  public internal(set) var probes = 0

  /// The most elements that a group has, unless one head has more.
  private static let longest = 2048

  /// The groups of a model's heads.
  static func groups(of shape: CacheShape) -> [Range<Int>] {
    let most = max(1, longest / shape.pairLength)
    let count = (shape.heads + most - 1) / most
    return (0..<count).map { shape.heads * $0 / count..<shape.heads * ($0 + 1) / count }
  }

  /// Sums over no text.
  ///
  /// - Parameter values: [heads]: as `outputMetric` has them.
  public init(shape: CacheShape, rope: LayerRoPE, values: [[Float]]) {
    (self.shape, self.rope, self.values) = (shape, rope, values)
    groups = Self.groups(of: shape)
    let lengths = groups.map { $0.count * shape.pairLength }
    sums = lengths.map { .init(repeating: 0, count: $0) }
    grams = lengths.map { .init(repeating: 0, count: $0 * $0) }
    queries = .init(repeating: 0, count: shape.heads * shape.keyLength)
    sensitivity = .init(repeating: 0, count: shape.heads * 2)
  }

  /// Adds pairs of one group.
  ///
  /// - Parameter rows: [positions × length].
  /// - Throws: `CalibrationError.notFinite`, `.openBLASMissing`.
  public mutating func add(_ rows: [Float], group: Int) throws(CalibrationError) {
    let length = sums[group].count
    let count = rows.count / length
    guard count > 0 else { return }
    let gram = try LinearAlgebra.gram(
      rows.span, offset: 0, rows: count, length: length, stride: length)
    guard SumGrid.add(gram, length: length, to: &grams[group]) else {
      throw .notFinite(layer: groups[group].lowerBound / shape.kvHeads)
    }
    for index in 0..<length {
      let norm = Double(gram[index * (length + 1)]).squareRoot()
      var sum = 0.0
      for position in 0..<count { sum += Double(rows[position * length + index]) }
      sums[group][index] += SumGrid(greatest: norm * Double(count).squareRoot()).round(sum)
    }
  }

  /// Adds positions whose pairs all groups have added, and their queries' squares.
  ///
  /// - Parameter squares: [heads × keyLength].
  public mutating func add(positions: Int, squares: [Double]) {
    self.positions += positions
    let greatest = squares.max() ?? 0
    for index in queries.indices {
      queries[index] += SumGrid(greatest: greatest).round(squares[index])
    }
  }

  /// Adds what noise in each head's keys and values did.
  ///
  /// - Parameter ratios: [heads × 2]: divergence / variance.
  public mutating func add(sensitivity ratios: [Double]) {
    probes += 1
    for index in sensitivity.indices {
      sensitivity[index] += SumGrid(greatest: ratios[index]).round(ratios[index])
    }
  }
}
