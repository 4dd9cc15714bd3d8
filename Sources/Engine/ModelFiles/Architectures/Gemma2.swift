/// Gemma 2 (arXiv 2408.00118): capped scores and logits, a window in every other layer, RMSNorm on
/// both sides of a branch, GEGLU, and embeddings scaled by the root of their length.
enum Gemma2: Architecture {
  static let name = "gemma2"
  static let modelTypes = ["gemma2"]
  static let tensorNames = TensorNames(
    TensorNames.normsAround, TensorNames.attention, TensorNames.gate, TensorNames.outputs)
  static let normOffset: Float = 1

  static func defaults(_ modelType: String) -> [String: ConfigDefault] {
    ConfigDefault.common.with(ConfigDefault.gemma).with([
      "vocab_size": .value(256_000), "max_position_embeddings": .value(8192),
      "attn_logit_softcapping": .orNull(50), "final_logit_softcapping": .orNull(30),
    ])
  }

  static func read(_ file: GGUFDescription, into model: inout ModelConfig) throws {
    complete(&model)
    model.slidingWindows = try file.slidingWindows(layers: model.layers) { $0 % 2 == 0 }
    model.attentionSoftcap = try file.cap("attn_logit_softcapping") ?? 50
    model.logitSoftcap = try file.cap("final_logit_softcapping") ?? 30
    // Gemma 2 27B, which has 46 layers, scales by its width; the file does not say so.
    if model.layers == 46 { scaleByWidth(&model) }
  }

  static func read(_ config: TransformersConfig, into model: inout ModelConfig) throws {
    complete(&model)
    model.slidingWindows = try config.slidingWindows(layers: model.layers, isNeeded: true) {
      $0 % 2 == 0
    }
    model.attentionSoftcap = try config.float("attn_logit_softcapping")
    model.logitSoftcap = try config.float("final_logit_softcapping")
    try readScale(config, into: &model)
  }

  /// What Gemma 3 has in common with Gemma 2.
  static func complete(_ model: inout ModelConfig) {
    model.normPlace = .both
    model.activation = .geluTanh
    model.embeddingScale = Float(model.embeddingLength).squareRoot()
  }

  /// Scores are divided by the root of `query_pre_attn_scalar`.
  static func readScale(
    _ config: TransformersConfig, into model: inout ModelConfig
  ) throws {
    guard let divisor = try config.float("query_pre_attn_scalar"),
      divisor != Float(model.keyLength)
    else { return }
    model.attentionScale = 1 / divisor.squareRoot()
  }

  /// Scores are scaled as if a head were its share of the hidden vector.
  static func scaleByWidth(_ model: inout ModelConfig) {
    let length = model.embeddingLength / model.queryHeads
    if length != model.keyLength { model.attentionScale = 1 / Float(length).squareRoot() }
  }
}
