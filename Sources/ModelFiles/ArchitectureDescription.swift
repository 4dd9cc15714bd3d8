/// The shape of a model: everything about it but the weights.
public struct ArchitectureDescription: Sendable, Equatable {
  /// The architecture's name as GGUF spells it: "llama".
  public var name: String
  /// How many transformer layers there are.
  public var layers: Int
  /// The length of a token's hidden vector.
  public var embeddingLength: Int
  /// The length of the feed-forward network's hidden vector.
  public var feedForwardLength: Int
  /// Query heads in a layer.
  public var queryHeads: Int
  /// Key and value heads in a layer; divides `queryHeads`.
  public var kvHeads: Int
  /// The length of a key, and of a query.
  public var keyLength: Int
  /// The length of a value.
  public var valueLength: Int
  /// How many tokens the vocabulary has.
  public var vocabularySize: Int
  /// The longest context that the model was trained for, in tokens.
  public var contextLength: Int
  /// What RMSNorm adds to the mean square.
  public var normEpsilon: Float
  /// How positions enter queries and keys.
  public var rope: RoPE

  /// Rotary position embedding (arXiv 2104.09864).
  public struct RoPE: Sendable, Equatable {
    /// The base of the geometric series of wavelengths.
    public var base: Double
    /// How many leading elements of a head are rotated.
    public var dimensions: Int
  }

  /// How many query heads share a KV head.
  public var group: Int { queryHeads / kvHeads }
}
