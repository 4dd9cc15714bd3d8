/// Gemma 3 (arXiv 2503.19786), text: five layers with a window, then one without; another RoPE base
/// in those with a window; RMSNorm over each head's queries and keys; the rest as in Gemma 2,
/// without caps.
enum Gemma3: Architecture {
  static let name = "gemma3"
  static let modelTypes = ["gemma3_text"]
  static let tensorNames = TensorNames(
    TensorNames.normsAround, TensorNames.attention, TensorNames.queryKeyNorms, TensorNames.gate,
    TensorNames.outputs)
  static let normOffset: Float = 1
  private static let pattern = 6

  static func defaults(_ modelType: String) -> [String: ConfigDefault] {
    ConfigDefault.common.with(ConfigDefault.gemma).with([
      "vocab_size": .value(262_208), "max_position_embeddings": .value(131_072),
      "attn_logit_softcapping": .orNull(nil), "final_logit_softcapping": .orNull(nil),
      "sliding_window_pattern": .value(6),
    ])
  }

  static func read(_ file: GGUFDescription, into model: inout ModelConfig) throws {
    complete(&model)
    model.slidingWindows = try file.slidingWindows(layers: model.layers) { ($0 + 1) % pattern != 0 }
    model.logitSoftcap = try file.cap("final_logit_softcapping")
    let base = try file.ropeBase("rope.freq_base_swa")
    if !model.slidingWindows.isEmpty {
      model.localRope = RoPE(base: base, dimensions: model.rope.dimensions)
    }
    // Gemma 3 27B, which has 62 layers, scales by its width; the file does not say so.
    if model.layers == 62 { Gemma2.scaleByWidth(&model) }
  }

  static func read(_ config: TransformersConfig, into model: inout ModelConfig) throws {
    complete(&model)
    let pattern = try config.optionalInteger("sliding_window_pattern", in: 1...4096) ?? pattern
    model.slidingWindows = try config.slidingWindows(layers: model.layers, isNeeded: true) {
      ($0 + 1) % pattern != 0
    }
    model.attentionSoftcap = try config.float("attn_logit_softcapping")
    model.logitSoftcap = try config.float("final_logit_softcapping")
    try Gemma2.readScale(config, into: &model)
    guard !model.slidingWindows.isEmpty else { return }
    model.localRope = try config.rope(
      headLength: model.keyLength, layerType: "sliding_attention", baseKey: "rope_local_base_freq")
  }

  static func rope(_ config: TransformersConfig, headLength: Int) throws -> RoPE {
    try config.rope(headLength: headLength, layerType: "full_attention", defaultBase: 1_000_000)
  }

  private static func complete(_ model: inout ModelConfig) {
    Gemma2.complete(&model)
    model.queryKeyNorm = .perHead
  }
}
