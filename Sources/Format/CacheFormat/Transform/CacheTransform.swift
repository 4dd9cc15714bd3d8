/// A model's transform, which codes whole caches in about a tenth of their size (spec, section 11).
///
/// The pairs of one position, keys before RoPE, are cut into groups of consecutive heads. A group's
/// vector becomes a mean and a sum of few basis vectors, whose factors are small integers times a
/// step:
///
///     vector[i] ≈ mean[i] + scale[i] · step · Σ factor[j] · basis[j][i] / 2^14
///
/// The basis is scaled so that an error of one step in any factor does equal harm to what the model
/// predicts.
public struct CacheTransform: Sendable, Equatable {
  /// Some heads whose pairs are coded together.
  public struct Group: Sendable, Equatable {
    /// The heads, counted through all layers.
    public var heads: Range<Int>
    /// [d]: each head's key before RoPE, then its value.
    public var mean: [Float]
    /// [d], greater than 0.
    public var scale: [Float]
    /// [components]: 4 · log₂ of the standard deviation of each factor before its division by a
    /// step; not increasing.
    public var deviations: [Int]
    /// [components][d], in 2^-14 of the scale.
    public var basis: [Int16]

    /// A group of these heads.
    public init(
      heads: Range<Int>, mean: [Float], scale: [Float], deviations: [Int], basis: [Int16]
    ) {
      (self.heads, self.mean, self.scale) = (heads, mean, scale)
      (self.deviations, self.basis) = (deviations, basis)
    }

    /// Elements of the vector.
    public var length: Int { mean.count }
    /// Basis vectors.
    public var components: Int { deviations.count }
  }

  /// How many first positions of a context are stored as they are: they are like no others.
  public static let exactPositions = 4
  /// log₂ of `unit`.
  private static let unitDigits = 14
  /// 1 in the basis.
  public static let unit: Float = 0x1p14
  /// The digits of a component whose factors vary by one step of the quality `high`, and of all
  /// that vary less.
  private static let leastDigits = 10

  /// How many last binary digits of a component's elements are 0: the less it varies, the more.
  ///
  /// - Parameters:
  ///   - deviation: The component's.
  ///   - finest: The step of the quality `high`.
  public static func shift(deviation: Int, finest: Int) -> Int {
    let needed = max(0, deviation - finest + 3) >> 2 + leastDigits
    return max(0, unitDigits - needed)
  }

  /// The shape of the model's caches.
  public let shape: CacheShape
  /// How layers encode positions.
  public let rope: LayerRoPE
  /// In order; together all heads.
  public let groups: [Group]
  /// How each head's errors count; only encoders need it.
  public let metric: [HeadMetric]
  /// The steps of the qualities.
  public let steps: QualitySteps

  /// A transform of these parts.
  public init(
    shape: CacheShape, rope: LayerRoPE, groups: [Group], metric: [HeadMetric],
    steps: QualitySteps
  ) {
    (self.shape, self.rope, self.groups) = (shape, rope, groups)
    (self.metric, self.steps) = (metric, steps)
  }
}

/// How errors of one head count: in a key Σ weight² · error², in a value errorᵀ · matrix · error.
/// What the model's predictions lose is the sum over all heads, in nats, if it is small.
public struct HeadMetric: Sendable, Equatable {
  /// [keyLength], greater than 0. Equal for both elements of a plane of RoPE.
  public var key: [Float]
  /// [valueLength × valueLength], symmetric and positive definite.
  public var value: [Float]

  /// A metric.
  public init(key: [Float], value: [Float]) { (self.key, self.value) = (key, value) }

  /// metric · pair.
  ///
  /// - Parameter pair: A key, then a value.
  package func product(_ pair: ArraySlice<Float>) -> [Float] {
    let (keys, values) = (pair.prefix(key.count), Array(pair.dropFirst(key.count)))
    return zip(key, keys).map { $0 * $0 * $1 }
      + values.indices.map { row in
        values.indices.reduce(Float(0)) { $0 + value[row * values.count + $1] * values[$1] }
      }
  }
}

/// How closely a transform-coded cache follows the original.
public enum TransformQuality: String, Sendable, CaseIterable {
  /// About as close as `8:int8,int4`, at a third to a half of its size.
  case high
  /// Far closer than int4, at a fifth to two fifths of its size.
  case medium
  /// Closer than int4, at a tenth to a fifth of its size.
  case low
}

/// The steps of the qualities; q stands for 2^(q / 4).
public struct QualitySteps: Sendable, Equatable {
  /// That of the quality of the same name.
  public var high, medium, low: Int

  /// These steps.
  public init(high: Int, medium: Int, low: Int) {
    (self.high, self.medium, self.low) = (high, medium, low)
  }

  /// A quality's step.
  public subscript(quality: TransformQuality) -> Int {
    switch quality {
    case .high: high
    case .medium: medium
    case .low: low
    }
  }
}
