/// Qwen 2 and 2.5 (arXiv 2407.10671): a llama whose queries, keys and values have biases.
enum Qwen2: Architecture {
  static let name = "qwen2"
  static let modelTypes = ["qwen2"]
  static let tensorNames = TensorNames(
    TensorNames.normsBefore, TensorNames.attention, TensorNames.attentionBiases, TensorNames.gate,
    TensorNames.outputs)

  static func defaults(_ modelType: String) -> [String: ConfigDefault] {
    ConfigDefault.common.with(ConfigDefault.qwen)
  }

  static func read(_ file: GGUFDescription, into model: inout ModelConfig) throws {
    model.hasProjectionBiases = true
  }

  static func read(_ config: TransformersConfig, into model: inout ModelConfig) throws {
    model.hasProjectionBiases = true
    model.slidingWindows = try slidingWindows(config, layers: model.layers)
  }

  /// If windows are used, the layers from `max_window_layers` on have one.
  static func slidingWindows(_ config: TransformersConfig, layers: Int) throws -> [Int?] {
    let isUsed = try config.bool("use_sliding_window") ?? false
    let first = try config.optionalInteger("max_window_layers", in: 0...1 << 16) ?? 0
    let windows = try config.slidingWindows(layers: layers) { $0 >= first }
    return isUsed ? windows : []
  }
}
