/// Llama 2 and 3 (arXiv 2302.13971, 2407.21783), and what has its shape: pre-norm layers of
/// grouped-query attention and SwiGLU. Mistral (arXiv 2310.06825), which GGUF calls `llama` too,
/// may have a window in every layer.
enum Llama: Architecture {
  static let name = "llama"
  static let modelTypes = ["llama", "mistral"]
  static let tensorNames = TensorNames(
    TensorNames.normsBefore, TensorNames.attention, TensorNames.gate, TensorNames.outputs)
  static let isInterleavedInGGUF = true

  static func defaults(_ modelType: String) -> [String: ConfigDefault] {
    let llama = ConfigDefault.common.with(["vocab_size": .value(32_000)])
    guard modelType == "mistral" else { return llama }
    return llama.with([
      "intermediate_size": .value(14_336), "num_key_value_heads": .value(8),
      "max_position_embeddings": .value(131_072), "sliding_window": .orNull(4096),
    ])
  }

  static func read(_ file: GGUFDescription, into model: inout ModelConfig) throws {
    model.slidingWindows = try file.slidingWindows(layers: model.layers) { _ in true }
  }

  static func read(_ config: TransformersConfig, into model: inout ModelConfig) throws {
    guard config.modelType == "mistral" else { return }
    model.slidingWindows = try config.slidingWindows(layers: model.layers) { _ in true }
  }
}
