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
  static let defaults = TransformersDefaults(normEpsilon: 1e-5)

  static func read(_ file: GGUFDescription, into model: inout ArchitectureDescription) throws {
    model.hasFusedProjections = true
    model.windows = try file.windows(layers: model.layers) { _ in true }
  }

  static func read(_ config: TransformersConfig, into model: inout ArchitectureDescription) throws {
    model.hasFusedProjections = true
    model.windows = try config.windows(layers: model.layers) { _ in true }
  }

  static func rope(_ config: TransformersConfig, headLength: Int) throws -> RoPE {
    try config.rope(headLength: headLength, mayBePartial: true)
  }
}
