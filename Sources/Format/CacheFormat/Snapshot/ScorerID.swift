/// The number of a scorer in a snapshot (spec, section 5.3, `TIER`), and its name.
public enum ScorerID: Hashable, Sendable {
  /// Nothing: the pairs are not ranked.
  case unranked
  /// ⟨key after RoPE, Q-Filter⟩.
  case qFilters
  /// The key's length, negated.
  case kNorm
  /// The position: later is better.
  case streamingLLM
  /// The attention of the context's last queries.
  case snapKV
  /// The attention expected from future queries.
  case expectedAttention
  /// The cosine between key and mean key, negated.
  case keyDiff
  /// Random numbers.
  case random
  /// The attention that a repetition of the context pays (KVzip).
  case kvzip
  /// A linear function of the key and the value, learnt.
  case linear
  /// A scorer of another program. Its order counts as any other's.
  case other(UInt32)

  /// The scorers that are methods of this project.
  public static let methods: [ScorerID] = [
    .qFilters, .kNorm, .streamingLLM, .snapKV, .expectedAttention, .keyDiff, .random, .kvzip,
    .linear,
  ]

  /// Whether scores come from a filter bank, which the snapshot then names.
  public var needsFilterBank: Bool { self == .qFilters || self == .linear }

  /// Whether a snapshot with this scorer may name a filter bank or not.
  func allowsFilterBank(_ isNamed: Bool) -> Bool {
    if case .other = self { return true }
    return isNamed == needsFilterBank
  }

  /// The method of that name.
  public init?(name: String) {
    guard let scorer = Self.methods.first(where: { $0.name == name }) else { return nil }
    self = scorer
  }

  /// The name in text: in reports, and of a method.
  public var name: String {
    switch self {
    case .unranked: "unranked"
    case .qFilters: "q-filters"
    case .kNorm: "k-norm"
    case .streamingLLM: "streaming-llm"
    case .snapKV: "snapkv"
    case .expectedAttention: "expected-attention"
    case .keyDiff: "keydiff"
    case .random: "random"
    case .kvzip: "kvzip"
    case .linear: "linear"
    case .other(let number): "scorer \(number)"
    }
  }
}

extension ScorerID {
  /// The scorer of a number. A reader needs only the order, so every number is one.
  public init(rawValue: UInt32) {
    switch Int(rawValue) {
    case 0: self = .unranked
    case 1...Self.methods.count: self = Self.methods[Int(rawValue) - 1]
    default: self = .other(rawValue)
    }
  }

  /// The number in the file.
  public var rawValue: UInt32 {
    if case .other(let number) = self { return number }
    return UInt32((Self.methods.firstIndex(of: self) ?? -1) + 1)
  }
}
