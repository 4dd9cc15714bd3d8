/// OLMo 2 (arXiv 2501.00656): RMSNorm after each branch instead of before it, and over the queries
/// of all heads, and the keys of all heads, as one vector.
enum OLMo2: Architecture {
  static let name = "olmo2"
  static let modelTypes = ["olmo2"]
  static let tensorNames = TensorNames(
    TensorNames.normsAfter, TensorNames.attention, TensorNames.queryKeyNorms, TensorNames.gate,
    TensorNames.outputs)

  static func defaults(_ modelType: String) -> [String: ConfigDefault] {
    ConfigDefault.common.with(["vocab_size": .value(50_304), "rms_norm_eps": .value(1e-5)])
  }

  static func read(_ file: GGUFDescription, into model: inout ModelConfig) throws {
    complete(&model)
  }

  static func read(_ config: TransformersConfig, into model: inout ModelConfig) throws {
    complete(&model)
  }

  private static func complete(_ model: inout ModelConfig) {
    model.normPlace = .after
    model.queryKeyNorm = .wholeWidth
  }
}
