import ByteIO

/// How the files of one architecture describe and store it. The engine computes what the
/// description says; CONTRIBUTING.md says how to add an architecture.
protocol Architecture: Sendable {
  /// The name in GGUF and in descriptions.
  static var name: String { get }
  /// The names in `config.json`.
  static var modelTypes: [String] { get }
  /// What its tensors are called.
  static var tensorNames: TensorNames { get }
  /// Whether GGUF stores the rows of queries and keys interleaved for RoPE.
  static var isInterleavedInGGUF: Bool { get }
  /// What transformers adds to the weights of RMSNorm when it uses them; GGUF stores the sum.
  static var normOffset: Float { get }
  /// transformers' defaults for keys that a configuration of that `model_type` lacks.
  static func defaults(_ modelType: String) -> [String: ConfigDefault]

  /// Completes a description of a `llama` of the same sizes.
  static func read(_ file: GGUFDescription, into model: inout ModelConfig) throws
  /// Completes a description of a `llama` of the same sizes.
  static func read(_ config: TransformersConfig, into model: inout ModelConfig) throws
  /// RoPE, at least of the layers without a window.
  static func rope(_ config: TransformersConfig, headLength: Int) throws -> RoPE
}

extension Architecture {
  static var isInterleavedInGGUF: Bool { false }
  static var normOffset: Float { 0 }

  static func rope(_ config: TransformersConfig, headLength: Int) throws -> RoPE {
    try config.rope(headLength: headLength)
  }
}

/// All supported architectures.
enum Architectures {
  static let all: [any Architecture.Type] = [
    Llama.self, Qwen2.self, Qwen3.self, OLMo2.self, Phi3.self, Gemma2.self, Gemma3.self,
  ]

  /// The architecture by its name in GGUF.
  static func named(_ name: String, path: String) throws(UnsupportedModel) -> any Architecture.Type
  {
    guard let architecture = all.first(where: { $0.name == name }) else {
      throw UnsupportedModel(
        path: path, what: "architecture \(name)", supported: all.map { $0.name })
    }
    return architecture
  }

  /// The architecture by its name in `config.json`.
  static func modelType(
    _ type: String, path: String
  ) throws(UnsupportedModel) -> any Architecture.Type {
    guard let architecture = all.first(where: { $0.modelTypes.contains(type) }) else {
      throw UnsupportedModel(
        path: path, what: "architecture \(type)", supported: all.flatMap { $0.modelTypes })
    }
    return architecture
  }
}

extension ModelConfig {
  /// Whether programs that read GGUF hold this model's queries and keys interleaved for RoPE: pair
  /// i is elements 2i and 2i + 1 of a head.
  package var isInterleavedInGGUF: Bool {
    Architectures.all.contains { $0.name == name && $0.isInterleavedInGGUF }
  }
}
