import ByteIO
import Platform

/// Chooses the next token from logits.
public struct Sampler: Sendable {
  /// How to choose.
  public struct Options: Sendable, Equatable {
    /// What logits are divided by; 0 always takes the likeliest token.
    public var temperature: Float
    /// How many of the likeliest tokens take part; 0 for all.
    public var topK: Int
    /// Only the likeliest tokens that together reach this probability take part; 1 for all.
    public var topP: Float
    /// Equal seeds give equal choices.
    public var seed: UInt64

    /// Greedy unless a temperature is given.
    public init(temperature: Float = 0, topK: Int = 0, topP: Float = 1, seed: UInt64 = 0) {
      self.temperature = temperature
      self.topK = topK
      self.topP = topP
      self.seed = seed
    }
  }

  private let options: Options
  private var random: SplitMix64

  /// A sampler that starts at the options' seed.
  public init(_ options: Options) {
    self.options = options
    random = SplitMix64(seed: options.seed)
  }

  /// The id of the chosen token. Among equal logits the lowest id counts as the likeliest.
  public mutating func next(_ logits: [Float]) -> Int {
    guard options.temperature > 0 else { return Self.likeliest(logits) }
    let candidates = candidates(logits)
    var rest = Double.random(in: 0..<1, using: &random) * candidates.reduce(0) { $0 + $1.weight }
    for candidate in candidates {
      rest -= candidate.weight
      if rest < 0 { return candidate.id }
    }
    return candidates.last?.id ?? 0
  }

  /// The id of the greatest logit, the lowest one among equals.
  package static func likeliest(_ logits: [Float]) -> Int {
    var best = 0
    for id in logits.indices where logits[id] > logits[best] { best = id }
    return best
  }

  /// The tokens that take part, likeliest first, with their weights.
  private func candidates(_ logits: [Float]) -> [(id: Int, weight: Double)] {
    let highest = Double(logits[Self.likeliest(logits)])
    let temperature = Double(options.temperature)
    var candidates = logits.indices
      .map { (id: $0, weight: exp((Double(logits[$0]) - highest) / temperature)) }
      .sorted { ($1.weight, $0.id) < ($0.weight, $1.id) }
    if options.topK > 0 { candidates = Array(candidates.prefix(options.topK)) }
    let total = candidates.reduce(0) { $0 + $1.weight } * Double(options.topP)
    var reached = 0.0
    let needed = candidates.firstIndex { candidate in
      reached += candidate.weight
      return reached >= total
    }
    return Array(candidates.prefix((needed ?? candidates.count - 1) + 1))
  }
}
