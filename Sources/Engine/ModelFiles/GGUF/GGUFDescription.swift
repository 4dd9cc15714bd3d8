import ByteIO

/// The architecture as a GGUF file describes it: the keys that begin with the architecture's name.
///
/// It records the keys that are asked for: all others would mean arithmetic that is not supported.
final class GGUFDescription {
  let file: GGUFFile
  private let metadata: GGUFMetadata
  private let architecture: any Architecture.Type
  private var asked: Set<String> = []

  init(_ file: GGUFFile, _ metadata: GGUFMetadata, _ architecture: any Architecture.Type) {
    self.file = file
    self.metadata = metadata
    self.architecture = architecture
  }

  /// The whole description, checked.
  func model() throws -> ModelConfig {
    var model = try plain()
    try architecture.read(self, into: &model)
    try refuseOtherKeys()
    return try checked(model)
  }

  /// A `llama` of the same sizes.
  private func plain() throws -> ModelConfig {
    let embedding = try integer("embedding_length", in: 1...1 << 16)
    let queryHeads = try integer("attention.head_count", in: 1...4096)
    let keyLength =
      try optionalInteger("attention.key_length", in: 2...8192) ?? embedding / queryHeads
    return ModelConfig(
      name: architecture.name,
      layers: try integer("block_count", in: 1...4096),
      embeddingLength: embedding,
      feedForwardLength: try integer("feed_forward_length", in: 1...1 << 18),
      queryHeads: queryHeads,
      kvHeads: try optionalInteger("attention.head_count_kv", in: 1...4096) ?? queryHeads,
      keyLength: keyLength,
      valueLength: try optionalInteger("attention.value_length", in: 1...8192)
        ?? embedding / queryHeads,
      vocabularySize: try min(
        metadata.texts("tokenizer.ggml.tokens").count, file.embeddingRows ?? .max),
      contextLength: try integer("context_length", in: 1...1 << 30),
      normEpsilon: Float(try float("attention.layer_norm_rms_epsilon") ?? 1e-5),
      rope: try rope(keyLength: keyLength))
  }

  /// Checks the combinations that the engine relies on.
  private func checked(
    _ model: ModelConfig
  ) throws(MalformedFile) -> ModelConfig {
    guard model.queryHeads % model.kvHeads == 0 else {
      throw error("attention.head_count_kv", "does not divide the query heads")
    }
    guard model.keyLength % 2 == 0, model.keyLength > 0, model.valueLength > 0 else {
      throw error("embedding_length", "gives heads of odd or no length")
    }
    let isWhole = model.rope.dimensions == model.keyLength
    guard
      isWhole || !architecture.isInterleavedInGGUF && model.rope.dimensions < model.keyLength,
      model.rope.dimensions % 2 == 0
    else { throw error("rope.dimension_count", "does not fit the head's length") }
    // The file may hold a float64.
    guard model.normEpsilon.isFinite, model.normEpsilon > 0 else {
      throw error("attention.layer_norm_rms_epsilon", "is no positive float32")
    }
    guard 1...1 << 20 ~= model.vocabularySize else {
      throw metadata.error("tokenizer.ggml.tokens", "has no token, or more than 2^20")
    }
    return model
  }

  /// Keys without effect here.
  private static let harmless = [
    "vocab_size", "rope.scaling.finetuned", "tensor_data_layout",
    // What they say matters to some kinds of scaling alone.
    "rope.scaling.original_context_length", "rope.scale_linear",
  ]

  private func refuseOtherKeys() throws(UnsupportedModel) {
    let prefix = architecture.name + "."
    let known = asked.union(Self.harmless.map { prefix + $0 })
    let other = metadata.values.keys.filter {
      $0.hasPrefix(prefix) && !known.contains($0) && !metadata.isAbsentOrZero($0)
    }
    guard let first = other.min() else { return }
    throw UnsupportedModel(
      path: metadata.path, what: "metadata key \(first)",
      supported: ["a \(architecture.name) without it"])
  }
}

/// Typed access, as in `GGUFMetadata`, by the keys' names without the architecture's.
extension GGUFDescription {
  private func key(_ name: String) -> String {
    let key = "\(architecture.name).\(name)"
    asked.insert(key)
    return key
  }

  func integer(_ name: String, in range: ClosedRange<Int>) throws(MalformedFile) -> Int {
    try metadata.integer(key(name), in: range)
  }

  func optionalInteger(
    _ name: String, in range: ClosedRange<Int>
  ) throws(MalformedFile) -> Int? {
    try metadata.optionalInteger(key(name), in: range)
  }

  func float(_ name: String) throws(MalformedFile) -> Double? { try metadata.float(key(name)) }

  func text(_ name: String) throws(MalformedFile) -> String? {
    try metadata.optionalText(key(name))
  }

  /// A cap of scores or logits; 0 means none.
  func cap(_ name: String) throws(MalformedFile) -> Float? {
    guard !isAbsentOrZero(name), let cap = try float(name).map({ Float($0) }) else { return nil }
    // The file may hold a float64.
    guard cap.isFinite, cap > 0 else { throw error(name, "is no positive float32") }
    return cap
  }

  /// A number that counts as absent if it is 0.
  func nonzeroFloat(_ name: String) throws(MalformedFile) -> Float? { try cap(name) }

  func isAbsentOrZero(_ name: String) -> Bool { metadata.isAbsentOrZero(key(name)) }

  /// Each layer's window; empty if no layer has one. There is one length, for the layers that the
  /// architecture's rule names.
  func slidingWindows(
    layers: Int, _ slides: (_ layer: Int) -> Bool
  ) throws(MalformedFile) -> [Int?] {
    guard !isAbsentOrZero("attention.sliding_window") else { return [] }
    let window = try integer("attention.sliding_window", in: 1...1 << 30)
    return (0..<layers).map { slides($0) ? window : nil }
  }

  func error(_ name: String, _ problem: String) -> MalformedFile {
    metadata.error(key(name), problem)
  }
}
