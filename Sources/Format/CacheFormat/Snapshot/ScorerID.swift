/// The number of a scorer in a snapshot (spec, section 5.3, `TIER`), and its name.
public enum ScorerID: UInt32, Sendable, CaseIterable {
  /// ⟨key after RoPE, Q-Filter⟩.
  case qFilters = 1
  /// The key's length, negated.
  case kNorm = 2
  /// The position: later is better.
  case streamingLLM = 3
  /// The attention of the context's last queries.
  case snapKV = 4
  /// The attention expected from future queries.
  case expectedAttention = 5
  /// The cosine between key and mean key, negated.
  case keyDiff = 6
  /// Random numbers.
  case random = 7
  /// The attention that a repetition of the context pays (KVzip).
  case kvzip = 8
  /// A linear function of the key and the value, learnt.
  case linear = 9

  /// Whether scores come from a filter bank, which the snapshot then names.
  public var needsFilterBank: Bool { self == .qFilters || self == .linear }

  /// The scorer of that name.
  public init?(name: String) {
    guard let scorer = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = scorer
  }

  /// The name in text: in reports, and of a method.
  public var name: String {
    switch self {
    case .qFilters: "q-filters"
    case .kNorm: "k-norm"
    case .streamingLLM: "streaming-llm"
    case .snapKV: "snapkv"
    case .expectedAttention: "expected-attention"
    case .keyDiff: "keydiff"
    case .random: "random"
    case .kvzip: "kvzip"
    case .linear: "linear"
    }
  }
}
