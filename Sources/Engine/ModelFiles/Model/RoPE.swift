/// Rotary position embedding (arXiv 2104.09864): pair i of `dimensions` / 2 turns by
/// position · base^(−2i / dimensions), changed as `scaling` says.
public struct RoPE: Sendable, Equatable {
  /// The base of the geometric series of wavelengths.
  public var base: Double
  /// How many leading elements of a head are rotated.
  public var dimensions: Int
  /// What stretches the wavelengths.
  public var scaling = Scaling.none
  /// What cosines and sines are multiplied by (transformers: `attention_factor`).
  public var attentionFactor: Float = 1

  /// How wavelengths are stretched, so that a model reaches beyond its original context.
  ///
  /// Some files hold the parameters of a formula, and GGUF its results for some formulas. Here are
  /// the results, so that one model has one description.
  public enum Scaling: Sendable, Equatable {
    /// Not at all.
    case none
    /// Pair i turns `factors[i]` times slower, at any position (`linear`, `llama3`, `yarn`).
    case fixed([Float])
    /// In a sequence of n > `context` tokens the base is multiplied by (factor · n / context −
    /// (factor − 1))^(d / (d − 2)), where d is `dimensions`.
    case dynamic(factor: Float, context: Int)
    /// In sequences of more than `context` tokens the long factors apply, otherwise the short ones
    /// (LongRoPE, arXiv 2402.13753).
    case byLength(short: [Float], long: [Float], context: Int)
  }

  /// Rotation by `dimensions` elements on wavelengths from `base`, not scaled.
  public init(base: Double, dimensions: Int) {
    self.base = base
    self.dimensions = dimensions
  }

  /// The greatest length up to which all sequences are rotated alike; nil for any.
  public var longestAlike: Int? {
    switch scaling {
    case .none, .fixed: nil
    case .dynamic(_, let context), .byLength(_, _, let context): context
    }
  }
}
