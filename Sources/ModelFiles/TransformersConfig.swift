import ByteIO

/// What a folder's `config.json` says of a model, in transformers' terms.
///
/// It takes note of the keys that are asked for: of the others, some mean arithmetic that is not built
/// in.
final class TransformersConfig {
  /// The whole file.
  let object: JSONObject
  /// The architecture that `model_type` names.
  let architecture: any Architecture.Type
  let modelType: String
  var asked: Set<String> = []

  init(_ object: JSONObject) throws {
    self.object = object
    modelType = try object.text("model_type") ?? "(none)"
    architecture = try Architectures.modelType(modelType, path: object.path)
  }

  /// Everything, checked. What is absent has transformers' default.
  func model() throws -> ArchitectureDescription {
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

  /// What a `llama` of the same sizes would be.
  private func plain() throws -> ArchitectureDescription {
    let embedding = try object.integer("hidden_size", in: 1...1 << 16)
    let queryHeads = try object.integer("num_attention_heads", in: 1...4096)
    let headLength =
      try object.optionalInteger("head_dim", in: 2...8192)
      ?? architecture.defaults.headLength ?? embedding / queryHeads
    guard headLength % 2 == 0, headLength > 0 else {
      throw object.error("hidden_size", "gives heads of odd or no length")
    }
    return ArchitectureDescription(
      name: architecture.name,
      layers: try object.integer("num_hidden_layers", in: 1...4096),
      embeddingLength: embedding,
      feedForwardLength: try object.integer("intermediate_size", in: 1...1 << 18),
      queryHeads: queryHeads,
      kvHeads: try object.optionalInteger("num_key_value_heads", in: 1...4096) ?? queryHeads,
      keyLength: headLength, valueLength: headLength,
      vocabularySize: try object.integer("vocab_size", in: 1...1 << 20),
      contextLength: try object.integer("max_position_embeddings", in: 1...1 << 30),
      normEpsilon: try object.float("rms_norm_eps") ?? architecture.defaults.normEpsilon,
      rope: try architecture.rope(self, headLength: headLength))
  }

  /// Whether the embedding is the output matrix, too.
  func isTied() throws(MalformedFile) -> Bool {
    try object.bool("tie_word_embeddings") ?? architecture.defaults.isTied
  }
}
