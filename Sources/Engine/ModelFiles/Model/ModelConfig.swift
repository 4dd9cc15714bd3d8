/// The shape and the arithmetic of a model: everything but the weights.
///
/// Every architecture is a decoder whose layers add two branches to the residual stream: attention
/// and a gated feed-forward network. What they do differently is here as data; the defaults are
/// those of a plain `llama`.
public struct ModelConfig: Sendable, Equatable {
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
  /// How queries and keys are rotated by position.
  public var rope: RoPE

  /// RoPE of layers with a window, if it differs (Gemma 3).
  public var localRope: RoPE?
  /// For each layer, how many tokens a token sees, itself included; nil for all before it. An empty
  /// list means nil in every layer.
  public var slidingWindows: [Int?] = []
  /// Whether queries, keys and values have biases (Qwen 2).
  public var hasProjectionBiases = false
  /// Whether queries, keys and values share one matrix, and gate and up another (Phi-3).
  public var hasFusedProjections = false
  /// How RMSNorm is applied to queries and keys before RoPE.
  public var queryKeyNorm = QueryKeyNorm.none
  /// Where in a branch RMSNorm is applied.
  public var normPlace = NormPlace.before
  /// The function of the feed-forward network's gate.
  public var activation = Activation.silu
  /// What embeddings are multiplied by.
  public var embeddingScale: Float = 1
  /// What products of queries and keys are multiplied by; nil for 1 / √keyLength.
  public var attentionScale: Float?
  /// The cap, if scores become cap · tanh(score / cap) (Gemma 2).
  public var attentionSoftcap: Float?
  /// The cap, if logits become cap · tanh(logit / cap) (Gemma 2).
  public var logitSoftcap: Float?

  /// How RMSNorm is applied to queries and keys.
  public enum QueryKeyNorm: UInt32, Sendable {
    /// None.
    case none
    /// Each head by itself, all with the same weights (Qwen 3, Gemma 3).
    case perHead
    /// All heads as one vector (OLMo 2).
    case wholeWidth
  }

  /// Where in a branch of a layer RMSNorm is applied.
  public enum NormPlace: UInt32, Sendable {
    /// Before it, on what it reads.
    case before
    /// After it, on what it adds (OLMo 2).
    case after
    /// Both (Gemma).
    case both
  }

  /// The function of a gate.
  public enum Activation: String, Sendable {
    /// x · sigmoid(x).
    case silu
    /// x · Φ(x), approximated with tanh (arXiv 1606.08415).
    case geluTanh = "gelu_tanh"
  }

  /// How many query heads share a KV head.
  public var group: Int { queryHeads / kvHeads }

  /// How many tokens a token of a layer sees, itself included; nil for all before it.
  public func window(ofLayer layer: Int) -> Int? {
    slidingWindows.isEmpty ? nil : slidingWindows[layer]
  }
}
