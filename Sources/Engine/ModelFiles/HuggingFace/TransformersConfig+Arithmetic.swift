import ByteIO

/// Keys that some architectures have.
extension TransformersConfig {
  func optionalInteger(_ key: String, in range: ClosedRange<Int>) throws(MalformedFile) -> Int? {
    asked.insert(key)
    return try object.optionalInteger(key, in: range)
  }

  func float(_ key: String) throws(MalformedFile) -> Float? {
    asked.insert(key)
    return try object.float(key)
  }

  func bool(_ key: String) throws(MalformedFile) -> Bool? {
    asked.insert(key)
    return try object.bool(key)
  }

  /// Each layer's window; empty if no layer has one. There is one length, for the layers that
  /// `layer_types` names, or else the architecture's rule.
  ///
  /// - Parameter isNeeded: Whether it is an error if those layers have no length.
  func slidingWindows(
    layers: Int, isNeeded: Bool = false, _ slides: (_ layer: Int) -> Bool
  ) throws -> [Int?] {
    let window = try optionalInteger("sliding_window", in: 0...1 << 30)
    let types = try layerTypes(layers: layers)
    let slide = (0..<layers).map { types?[$0] ?? slides($0) }
    guard slide.contains(true) else { return [] }
    guard let window, window > 0 else {
      guard isNeeded || types != nil else { return [] }
      throw object.error("sliding_window", "is missing, and there are layers that need it")
    }
    return slide.map { $0 ? window : nil }
  }

  /// Whether each layer has a window; nil if that is not listed.
  private func layerTypes(layers: Int) throws -> [Bool]? {
    asked.insert("layer_types")
    guard let types = try object.array("layer_types") else { return nil }
    guard types.count == layers else {
      throw object.error("layer_types", "does not list each layer once")
    }
    return try types.map { type in
      guard case .text(let bytes) = type else {
        throw object.error("layer_types", "lists no texts")
      }
      switch String(decoding: bytes, as: UTF8.self) {
      case "full_attention": return false
      case "sliding_attention": return true
      case let other:
        throw unsupported("layer type \(other)", ["full_attention", "sliding_attention"])
      }
    }
  }
}

/// What is not supported.
extension TransformersConfig {
  func unsupported(_ what: String, _ supported: [String]) -> UnsupportedModel {
    UnsupportedModel(path: object.path, what: what, supported: supported)
  }

  /// Keys that change the arithmetic. They have no effect if they are absent, null, false or 0.
  private static let unsupportedKeys = [
    "attention_bias", "mlp_bias", "rope_interleaved", "quantization_config", "sliding_window",
    "num_experts", "num_local_experts", "attn_logit_softcapping", "final_logit_softcapping",
    "query_pre_attn_scalar", "use_qk_norm", "logit_scale", "logits_scaling",
    "embedding_multiplier", "residual_multiplier", "attention_multiplier", "clip_qkv",
    "use_bidirectional_attention", "use_sliding_window", "layer_types", "rope_local_base_freq",
  ]

  func refuseUnknownArithmetic(_ model: ModelConfig) throws {
    try checkActivation(model.activation)
    for key in Self.unsupportedKeys where !asked.contains(key) {
      switch object[key] {
      case nil, .bool(false): break
      case let value? where value.double == 0: break
      default:
        throw unsupported("config key \(key)", ["a \(architecture.name) without it"])
      }
    }
  }

  /// Gemma has its own key for this.
  private func checkActivation(_ activation: ModelConfig.Activation) throws {
    let (key, name) =
      switch activation {
      case .silu: ("hidden_act", "silu")
      case .geluTanh: ("hidden_activation", "gelu_pytorch_tanh")
      }
    let stated = try object.text(key) ?? name
    guard stated == name else { throw unsupported("\(key) \(stated)", [name]) }
  }
}
