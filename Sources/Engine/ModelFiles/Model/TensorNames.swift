/// The names of an architecture's tensors in transformers and GGUF.
///
/// The engine and the weights digest know GGUF's names (spec, section 3.1).
struct TensorNames: Sendable {
  /// Within a layer: transformers' names, then GGUF's.
  private let layered: [(String, String)]

  /// Outside the layers, the same everywhere.
  private static let whole = [
    (embedding, "token_embd.weight"), ("norm.weight", "output_norm.weight"),
  ]
  private static let embedding = "embed_tokens.weight"
  private static let output = ("lm_head.weight", "output.weight")
  private static let (layerOfTransformers, layerOfGGUF) = ("layers.", "blk.")

  /// The names within a layer.
  init(_ layered: [(String, String)]...) { self.layered = layered.flatMap(\.self) }

  /// GGUF's name of a tensor, by transformers' name; nil if the architecture has no such tensor.
  func gguf(of name: String, _ prefix: Prefix) -> String? {
    if name == prefix.output + Self.output.0 { return Self.output.1 }
    guard name.hasPrefix(prefix.model) else { return nil }
    let name = String(name.dropFirst(prefix.model.count))
    if let known = Self.whole.first(where: { $0.0 == name }) { return known.1 }
    guard let (layer, rest) = Self.split(name, after: Self.layerOfTransformers) else { return nil }
    return layered.first { $0.0 == rest }.map { "\(Self.layerOfGGUF)\(layer).\($0.1)" }
  }

  /// transformers' name of a tensor, by GGUF's name; nil if the architecture has no such tensor.
  func transformers(of name: String, _ prefix: Prefix) -> String? {
    if name == Self.output.1 { return prefix.output + Self.output.0 }
    if let known = Self.whole.first(where: { $0.1 == name }) { return prefix.model + known.0 }
    guard let (layer, rest) = Self.split(name, after: Self.layerOfGGUF) else { return nil }
    return layered.first { $0.1 == rest }.map {
      "\(prefix.model)\(Self.layerOfTransformers)\(layer).\($0.0)"
    }
  }

  /// The prefixes of the names in one checkpoint.
  struct Prefix: Sendable {
    /// The prefix of the embedding and the layers.
    let model: String
    /// The prefix of the output matrix.
    let output: String

    /// In order: a whole model; a base model that was saved by itself; a language model next to a
    /// vision tower by transformers 4, the same by transformers 5; the base model of the latter.
    private static let all = [
      Prefix(model: "model.", output: ""), Prefix(model: "", output: ""),
      Prefix(model: "language_model.model.", output: "language_model."),
      Prefix(model: "model.language_model.", output: ""),
      Prefix(model: "language_model.", output: ""),
    ]

    /// The prefix with which a checkpoint has the embedding; a whole model's if none has it.
    static func find(in names: Set<String>) -> Prefix {
      all.first { names.contains($0.model + TensorNames.embedding) } ?? all[0]
    }
  }

  /// Whether a tensor belongs to a part next to the language model.
  static func isOfVision(_ name: String) -> Bool {
    let name = name.hasPrefix("model.") ? name.dropFirst("model.".count) : name[...]
    return name.hasPrefix("vision_tower.") || name.hasPrefix("multi_modal_projector.")
  }

  /// The number of the layer, without leading zeros, and what follows.
  private static func split(_ name: String, after prefix: String) -> (Int, String)? {
    guard name.hasPrefix(prefix) else { return nil }
    let parts = name.dropFirst(prefix.count).split(
      separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let layer = Int(parts[0]), "\(layer)" == parts[0] else { return nil }
    return (layer, String(parts[1]))
  }
}

/// Groups of names that several architectures have.
extension TensorNames {
  static let attention = [
    ("self_attn.q_proj.weight", "attn_q.weight"), ("self_attn.k_proj.weight", "attn_k.weight"),
    ("self_attn.v_proj.weight", "attn_v.weight"),
  ]
  static let attentionBiases = [
    ("self_attn.q_proj.bias", "attn_q.bias"), ("self_attn.k_proj.bias", "attn_k.bias"),
    ("self_attn.v_proj.bias", "attn_v.bias"),
  ]
  static let queryKeyNorms = [
    ("self_attn.q_norm.weight", "attn_q_norm.weight"),
    ("self_attn.k_norm.weight", "attn_k_norm.weight"),
  ]
  static let gate = [
    ("mlp.gate_proj.weight", "ffn_gate.weight"), ("mlp.up_proj.weight", "ffn_up.weight"),
  ]
  static let outputs = [
    ("self_attn.o_proj.weight", "attn_output.weight"), ("mlp.down_proj.weight", "ffn_down.weight"),
  ]
  static let normsBefore = [
    ("input_layernorm.weight", "attn_norm.weight"),
    ("post_attention_layernorm.weight", "ffn_norm.weight"),
  ]
  static let normsAfter = [
    ("post_attention_layernorm.weight", "post_attention_norm.weight"),
    ("post_feedforward_layernorm.weight", "post_ffw_norm.weight"),
  ]
  static let normsAround =
    normsAfter + [
      ("input_layernorm.weight", "attn_norm.weight"),
      ("pre_feedforward_layernorm.weight", "ffn_norm.weight"),
    ]
}
