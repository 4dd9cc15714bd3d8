import ByteIO

/// What a folder's `config.json` says of a model, in transformers' terms.
struct TransformersConfig {
  /// The whole file.
  let object: JSONObject

  /// The shape of a `llama`. What is absent has the default of transformers' `LlamaConfig`.
  func llama() throws -> ArchitectureDescription {
    let name = try object.text("model_type") ?? "(none)"
    guard name == "llama" else {
      throw unsupported("architecture \(name)", ["llama"])
    }
    try refuseUnknownArithmetic()
    let embedding = try object.integer("hidden_size", in: 1...1 << 16)
    let queryHeads = try object.integer("num_attention_heads", in: 1...4096)
    let headLength =
      try object.optionalInteger("head_dim", in: 2...8192) ?? embedding / queryHeads
    let description = ArchitectureDescription(
      name: name,
      layers: try object.integer("num_hidden_layers", in: 1...4096),
      embeddingLength: embedding,
      feedForwardLength: try object.integer("intermediate_size", in: 1...1 << 18),
      queryHeads: queryHeads,
      kvHeads: try object.optionalInteger("num_key_value_heads", in: 1...4096) ?? queryHeads,
      keyLength: headLength, valueLength: headLength,
      vocabularySize: try object.integer("vocab_size", in: 1...1 << 20),
      contextLength: try object.integer("max_position_embeddings", in: 1...1 << 30),
      normEpsilon: try object.float("rms_norm_eps") ?? 1e-6,
      rope: .init(base: Double(try ropeBase()), dimensions: headLength))
    guard queryHeads % description.kvHeads == 0 else {
      throw object.error("num_key_value_heads", "does not divide the query heads")
    }
    guard headLength % 2 == 0, headLength > 0 else {
      throw object.error("hidden_size", "gives heads of odd or no length")
    }
    return description
  }

  /// Whether the embedding is the output matrix, too.
  func isTied() throws(MalformedFile) -> Bool { try object.bool("tie_word_embeddings") ?? false }

  private func unsupported(_ what: String, _ supported: [String]) -> UnsupportedModel {
    UnsupportedModel(path: object.path, what: what, supported: supported)
  }

  /// Keys that change the arithmetic in ways that are not built in; harmless if absent, null, false
  /// or 0.
  private static let unsupportedKeys = [
    "attention_bias", "mlp_bias", "rope_interleaved", "quantization_config", "sliding_window",
    "num_experts", "num_local_experts", "attn_logit_softcapping", "final_logit_softcapping",
    "query_pre_attn_scalar", "use_qk_norm", "logit_scale", "logits_scaling",
    "embedding_multiplier", "residual_multiplier", "attention_multiplier",
  ]

  private func refuseUnknownArithmetic() throws {
    let activation = try object.text("hidden_act") ?? "silu"
    guard activation == "silu" else { throw unsupported("hidden_act \(activation)", ["silu"]) }
    try refusePartialRotation(object, "partial_rotary_factor")
    for key in Self.unsupportedKeys {
      switch object[key] {
      case nil, .bool(false): break
      case let value? where value.double == 0: break
      default: throw unsupported("config key \(key)", ["a llama without it"])
      }
    }
  }
}

/// RoPE, which transformers 5 writes as `rope_parameters` and older versions as `rope_theta` and
/// `rope_scaling`.
extension TransformersConfig {
  private func ropeBase() throws -> Float {
    var bases = try object.float("rope_theta").map { [$0] } ?? []
    for key in ["rope_parameters", "rope_scaling"] {
      guard let parameters = try object.object(key) else { continue }
      try refuseScaling(parameters)
      if let base = try parameters.float("rope_theta") { bases.append(base) }
    }
    guard let base = bases.first else { return 10_000 }
    guard bases.allSatisfy({ $0 == base }) else {
      throw object.error("rope_theta", "differs from that of rope_parameters")
    }
    return base
  }

  private func refuseScaling(_ parameters: JSONObject) throws {
    for key in ["rope_type", "type"] {
      guard let kind = try parameters.text(key), kind != "default" else { continue }
      throw unsupported("RoPE scaling \(kind)", ["default"])
    }
    try refusePartialRotation(parameters, "\(parameters.section).partial_rotary_factor")
    try parameters.refuseKeys(besides: ["rope_type", "type", "rope_theta", "partial_rotary_factor"])
  }

  private func refusePartialRotation(_ parameters: JSONObject, _ name: String) throws {
    guard let factor = try parameters.float("partial_rotary_factor"), factor != 1 else { return }
    throw unsupported("\(name) \(factor)", ["1"])
  }
}
