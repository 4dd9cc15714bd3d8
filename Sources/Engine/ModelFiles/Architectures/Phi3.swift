/// Phi-3 (arXiv 2404.14219): a llama whose matrices are fused, with LongRoPE in its long versions.
enum Phi3: Architecture {
  static let name = "phi3"
  static let modelTypes = ["phi3"]
  static let tensorNames = TensorNames(
    TensorNames.normsBefore, TensorNames.outputs,
    [
      ("self_attn.qkv_proj.weight", "attn_qkv.weight"),
      ("mlp.gate_up_proj.weight", "ffn_up.weight"),
    ])

  static func defaults(_ modelType: String) -> [String: ConfigDefault] {
    ConfigDefault.common.with([
      "vocab_size": .value(32_064), "hidden_size": .value(3072),
      "intermediate_size": .value(8192), "max_position_embeddings": .value(4096),
      "original_max_position_embeddings": .value(4096), "rms_norm_eps": .value(1e-5),
      "sliding_window": .orNull(nil),
    ])
  }

  static func read(_ file: GGUFDescription, into model: inout ModelConfig) throws {
    model.hasFusedProjections = true
    model.slidingWindows = try file.slidingWindows(layers: model.layers) { _ in true }
  }

  static func read(_ config: TransformersConfig, into model: inout ModelConfig) throws {
    model.hasFusedProjections = true
    model.slidingWindows = try config.slidingWindows(layers: model.layers) { _ in true }
  }

  static func rope(_ config: TransformersConfig, headLength: Int) throws -> RoPE {
    try config.rope(headLength: headLength, mayBePartial: true)
  }
}
