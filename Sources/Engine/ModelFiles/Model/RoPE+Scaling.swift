import Platform

/// The formulas of scaled RoPE, as in transformers.
extension RoPE {
  /// How many pairs of elements are rotated.
  var pairs: Int { dimensions / 2 }

  /// Stretches all wavelengths alike (arXiv 2306.15595).
  mutating func scaleLinearly(factor: Float) {
    setFactors([Float](repeating: factor, count: pairs))
  }

  /// Sets the factor of each pair; if all are 1, nothing is scaled.
  mutating func setFactors(_ factors: [Float]) {
    scaling = factors.allSatisfy { $0 == 1 } ? .none : .fixed(factors)
  }

  /// The parameters of Llama 3.1's scaling.
  struct Llama3 {
    var factor, low, high: Float
    var context: Int
  }

  /// Stretches long wavelengths by `factor`, short ones not at all, and those between by a factor
  /// between.
  ///
  /// Every step is rounded to float32, as in the program that writes these factors into GGUF files.
  mutating func scale(_ parameters: Llama3) {
    let context = Float(parameters.context)
    let (longest, shortest) = (context / parameters.low, context / parameters.high)
    setFactors(
      (0..<pairs).map { pair in
        let exponent = Float(2 * pair) / Float(dimensions)
        let frequency = 1 / Float(pow(base, Double(exponent)))
        let wavelength = (1 / frequency) * Float(2 * Double.pi)
        if wavelength < shortest { return 1 }
        if wavelength > longest { return parameters.factor }
        let turns = (1 / wavelength) * context
        let smooth = (turns - parameters.low) / (parameters.high - parameters.low)
        return 1 / ((1 - smooth) / parameters.factor + smooth)
      })
  }

  /// The parameters of YaRN.
  struct YaRN {
    var factor: Float
    var context: Int
    var fast: Float = 32
    var slow: Float = 1
    /// Whether the ramp begins and ends at a whole pair.
    var isRounded = true
    /// What cosines and sines are multiplied by; if nil, `yarnAttentionFactor` for a scale of 1.
    var attentionFactor: Float?
  }

  /// Stretches pairs that hardly turn in the original context by `factor`, those that turn often
  /// not at all, and those between by a ramp (arXiv 2309.00071).
  mutating func scale(_ parameters: YaRN) {
    func pair(turning times: Float) -> Double {
      Double(dimensions) * log(Double(parameters.context) / (Double(times) * 2 * Double.pi))
        / (2 * log(base))
    }
    let (fast, slow) = (pair(turning: parameters.fast), pair(turning: parameters.slow))
    let first = max(parameters.isRounded ? fast.rounded(.down) : fast, 0)
    var last = min(parameters.isRounded ? slow.rounded(.up) : slow, Double(dimensions - 1))
    if first == last { last += 0.001 }
    setFactors(
      (0..<pairs).map { pair in
        let ramp = min(max((Double(pair) - first) / (last - first), 0), 1)
        return Float(1 / (ramp / Double(parameters.factor) + 1 - ramp))
      })
    attentionFactor =
      parameters.attentionFactor
      ?? Float(Self.yarnAttentionFactor(factor: parameters.factor, scale: 1))
  }

  /// YaRN's attention factor: 0.1 · scale · ln(factor) + 1.
  static func yarnAttentionFactor(factor: Float, scale: Float) -> Double {
    factor <= 1 ? 1 : 0.1 * Double(scale) * log(Double(factor)) + 1
  }

  /// LongRoPE's attention factor: √(1 + ln(factor) / ln(context)).
  static func longAttentionFactor(factor: Double, context: Int) -> Float {
    factor <= 1 ? 1 : Float(sqrt(1 + log(factor) / log(Double(context))))
  }
}
