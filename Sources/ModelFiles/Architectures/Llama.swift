/// Llama 2 and 3 (arXiv 2302.13971, 2407.21783), and what has its shape: pre-norm layers of
/// grouped-query attention and SwiGLU. Mistral (arXiv 2310.06825), which GGUF calls `llama` too, may
/// have a window in every layer.
enum Llama: Architecture {
  static let name = "llama"
  static let modelTypes = ["llama", "mistral"]
  static let tensorNames = TensorNames(
    TensorNames.normsBefore, TensorNames.attention, TensorNames.gate, TensorNames.outputs)
  static let isInterleavedInGGUF = true

  static func read(_ file: GGUFDescription, into model: inout ArchitectureDescription) throws {
    model.windows = try file.windows(layers: model.layers) { _ in true }
  }

  static func read(_ config: TransformersConfig, into model: inout ArchitectureDescription) throws {
    guard config.modelType == "mistral" else { return }
    model.windows = try config.windows(layers: model.layers) { _ in true }
  }
}
