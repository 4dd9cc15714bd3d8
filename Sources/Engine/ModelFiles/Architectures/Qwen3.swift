/// Qwen 3 (arXiv 2505.09388): a llama with RMSNorm over each head's queries and keys.
enum Qwen3: Architecture {
  static let name = "qwen3"
  static let modelTypes = ["qwen3"]
  static let tensorNames = TensorNames(
    TensorNames.normsBefore, TensorNames.attention, TensorNames.queryKeyNorms, TensorNames.gate,
    TensorNames.outputs)

  static func defaults(_ modelType: String) -> [String: ConfigDefault] {
    ConfigDefault.common.with(ConfigDefault.qwen).with(["head_dim": .value(128)])
  }

  static func read(_ file: GGUFDescription, into model: inout ModelConfig) throws {
    model.queryKeyNorm = .perHead
  }

  static func read(_ config: TransformersConfig, into model: inout ModelConfig) throws {
    model.queryKeyNorm = .perHead
    model.slidingWindows = try Qwen2.slidingWindows(config, layers: model.layers)
  }
}
