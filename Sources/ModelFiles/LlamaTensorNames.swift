/// What transformers and GGUF call the tensors of a `llama`.
///
/// The engine and the weights digest know GGUF's names (spec, section 3.1).
enum LlamaTensorNames {
  /// Outside the layers: transformers' names, then GGUF's.
  private static let whole = [
    ("model.embed_tokens.weight", "token_embd.weight"),
    ("model.norm.weight", "output_norm.weight"), ("lm_head.weight", "output.weight"),
  ]
  /// Within a layer.
  private static let layered = [
    ("input_layernorm.weight", "attn_norm.weight"), ("self_attn.q_proj.weight", "attn_q.weight"),
    ("self_attn.k_proj.weight", "attn_k.weight"), ("self_attn.v_proj.weight", "attn_v.weight"),
    ("self_attn.o_proj.weight", "attn_output.weight"),
    ("post_attention_layernorm.weight", "ffn_norm.weight"),
    ("mlp.gate_proj.weight", "ffn_gate.weight"), ("mlp.up_proj.weight", "ffn_up.weight"),
    ("mlp.down_proj.weight", "ffn_down.weight"),
  ]
  private static let (layerOfTransformers, layerOfGGUF) = ("model.layers.", "blk.")

  /// GGUF's name of a tensor, or nil if a plain `llama` has none that transformers calls so.
  static func gguf(of name: String) -> String? {
    if let known = whole.first(where: { $0.0 == name }) { return known.1 }
    guard let (layer, rest) = split(name, behind: layerOfTransformers) else { return nil }
    return layered.first { $0.0 == rest }.map { "\(layerOfGGUF)\(layer).\($0.1)" }
  }

  /// transformers' name of a tensor, or nil if a plain `llama` has none that GGUF calls so.
  static func transformers(of name: String) -> String? {
    if let known = whole.first(where: { $0.1 == name }) { return known.0 }
    guard let (layer, rest) = split(name, behind: layerOfGGUF) else { return nil }
    return layered.first { $0.1 == rest }.map { "\(layerOfTransformers)\(layer).\($0.0)" }
  }

  /// The number of the layer and what follows; one number has one spelling.
  private static func split(_ name: String, behind prefix: String) -> (Int, String)? {
    guard name.hasPrefix(prefix) else { return nil }
    let parts = name.dropFirst(prefix.count).split(
      separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let layer = Int(parts[0]), "\(layer)" == parts[0] else { return nil }
    return (layer, String(parts[1]))
  }
}
