import ByteIO

/// A model as a folder's `config.json` describes it, in transformers' terms.
///
/// It records the keys that are asked for: some of the others mean arithmetic that is not
/// supported.
final class TransformersConfig {
  /// The whole file, completed by transformers' defaults.
  let object: JSONObject
  /// The architecture that `model_type` names.
  let architecture: any Architecture.Type
  let modelType: String
  /// Whether the folder holds more than a language model; the rest is left out.
  let isMultimodal: Bool
  var asked: Set<String> = []

  /// The language model in a configuration of several models (Gemma 3 with its vision tower).
  private static let languageModels = ["gemma3": "gemma3_text"]
  private static let idSuffix = Array("_token_id".utf8.reversed())

  init(_ file: JSONObject) throws {
    let outer = try file.text("model_type") ?? "(none)"
    let inner = Self.languageModels[outer]
    (modelType, isMultimodal) = (inner ?? outer, inner != nil)
    architecture = try Architectures.modelType(modelType, path: file.path)
    object = try Self.completed(
      isMultimodal ? Self.languageModel(of: file) : file, by: architecture.defaults(modelType))
  }

  /// The language model's part of a configuration, completed by the outer keys.
  private static func languageModel(of file: JSONObject) throws(MalformedFile) -> JSONObject {
    // transformers generates with the outer token ids.
    let ids = file.members.filter { member in
      guard member.key.reversed().starts(with: idSuffix) else { return false }
      if case .null = member.value { return false }
      return true
    }
    let text = try file.object("text_config")?.members ?? []
    return try JSONObject(.object(ids), file.path, file.section)
      .completed(by: text).completed(by: file.members)
  }

  private static func completed(
    _ object: JSONObject, by defaults: [String: ConfigDefault]
  ) throws(MalformedFile) -> JSONObject {
    for key in defaults.keys.sorted() {
      guard case .value = defaults[key], object.isNull(key) else { continue }
      throw object.error(key, "is null")
    }
    return object.completed(
      by: defaults.map {
        JSONValue.Member(key: Array($0.key.utf8), value: $0.value.value, offset: 0)
      })
  }

  /// The whole description, checked. Absent keys have transformers' defaults.
  func model() throws -> ModelConfig {
    var model = try plain()
    try architecture.read(self, into: &model)
    try refuseUnknownArithmetic(model)
    if case .dynamic(let factor, let context) = model.rope.scaling {
      model.contextLength = Int(min(Double(context) * Double(factor), 0x1p30))
    }
    guard model.queryHeads % model.kvHeads == 0 else {
      throw object.error("num_key_value_heads", "does not divide the query heads")
    }
    return model
  }

  /// A `llama` of the same sizes.
  private func plain() throws -> ModelConfig {
    let embedding = try object.integer("hidden_size", in: 1...1 << 16)
    let queryHeads = try object.integer("num_attention_heads", in: 1...4096)
    let headLength =
      try object.optionalInteger("head_dim", in: 2...8192) ?? embedding / queryHeads
    guard headLength % 2 == 0, headLength > 0 else {
      throw object.error("hidden_size", "gives heads of odd or no length")
    }
    guard let normEpsilon = try object.float("rms_norm_eps") else {
      throw object.error("rms_norm_eps", "is missing")
    }
    return ModelConfig(
      name: architecture.name,
      layers: try object.integer("num_hidden_layers", in: 1...4096),
      embeddingLength: embedding,
      feedForwardLength: try object.integer("intermediate_size", in: 1...1 << 18),
      queryHeads: queryHeads,
      kvHeads: try object.optionalInteger("num_key_value_heads", in: 1...4096) ?? queryHeads,
      keyLength: headLength, valueLength: headLength,
      vocabularySize: try object.integer("vocab_size", in: 1...1 << 20),
      contextLength: try object.integer("max_position_embeddings", in: 1...1 << 30),
      normEpsilon: normEpsilon,
      rope: try architecture.rope(self, headLength: headLength))
  }

  /// Whether the embedding is also the output matrix, if there is no other.
  func isTied() throws(MalformedFile) -> Bool { try object.bool("tie_word_embeddings") ?? false }
}
