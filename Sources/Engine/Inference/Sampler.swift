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
    /// Only tokens at least this share as likely as the likeliest take part; 0 for all.
    public var minP: Float
    /// What divides the positive logits, and multiplies the negative ones, of tokens that the
    /// answer already has; 1 for nothing (arXiv 1909.05858).
    public var repetitionPenalty: Float
    /// What is subtracted from the logits of tokens that the answer already has; 0 for nothing.
    public var presencePenalty: Float = 0
    /// What is subtracted from a token's logit for each time that the answer has it; 0 for nothing.
    public var frequencyPenalty: Float = 0
    /// Equal seeds give equal choices.
    public var seed: UInt64

    /// Whether each token is the likeliest one.
    public var isGreedy: Bool { temperature == 0 && !penalises }

    /// Whether tokens that the answer already has become less likely.
    var penalises: Bool {
      repetitionPenalty != 1 || presencePenalty != 0 || frequencyPenalty != 0
    }

    /// Greedy unless a temperature is given.
    public init(
      temperature: Float = 0, topK: Int = 0, topP: Float = 1, minP: Float = 0,
      repetitionPenalty: Float = 1, seed: UInt64 = 0
    ) {
      self.temperature = temperature
      self.topK = topK
      self.topP = topP
      self.minP = minP
      self.repetitionPenalty = repetitionPenalty
      self.seed = seed
    }
  }

  private let options: Options
  private var random: SplitMix64
  /// How many times the answer has each of its tokens.
  private var taken: [Int: Int] = [:]

  /// A sampler that starts at the options' seed.
  public init(_ options: Options) {
    self.options = options
    random = SplitMix64(seed: options.seed)
  }

  /// The id of the chosen token. Among equal logits the lowest id counts as the likeliest.
  public mutating func next(_ logits: [Float]) -> Int {
    let logits = penalised(logits)
    return options.temperature > 0 ? sampled(logits) : Self.likeliest(logits)
  }

  /// Notes a token of the answer, for the penalties.
  public mutating func take(_ id: Int) {
    if options.penalises { taken[id, default: 0] += 1 }
  }

  /// Logits with those of the answer's tokens made smaller.
  private func penalised(_ logits: [Float]) -> [Float] {
    guard !taken.isEmpty else { return logits }
    var logits = logits
    for (id, count) in taken where logits.indices ~= id {
      logits[id] *= logits[id] > 0 ? 1 / options.repetitionPenalty : options.repetitionPenalty
      // Source: OpenAI's reference of its API, "Frequency and presence penalties".
      logits[id] -= options.presencePenalty + Float(count) * options.frequencyPenalty
    }
    return logits
  }

  private mutating func sampled(_ logits: [Float]) -> Int {
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
    candidates = Array(candidates.prefix((needed ?? candidates.count - 1) + 1))
    let least = Double(options.minP) * (candidates.first?.weight ?? 0)
    return candidates.filter { $0.weight >= least }
  }
}
