import ByteIO

/// RoPE. GGUF stores its scaling as parameters, or as factors in tensors of their own.
extension GGUFDescription {
  /// The tensors that hold factors: part of the description, not of the weights.
  static let factorTensors = [
    "rope_freqs.weight", "rope_factors_short.weight", "rope_factors_long.weight",
  ]

  func rope(keyLength: Int) throws -> RoPE {
    var rope = RoPE(
      base: try ropeBase("rope.freq_base"),
      dimensions: try optionalInteger("rope.dimension_count", in: 2...8192) ?? keyLength)
    let factor =
      try nonzeroFloat("rope.scaling.factor") ?? nonzeroFloat("rope.scale_linear") ?? 1
    // As in llama.cpp, a factor alone means linear scaling.
    let kind = try text("rope.scaling.type") ?? "linear"
    switch kind {
    case "none": break
    case "linear": rope.scaleLinearly(factor: factor)
    case "yarn": rope.scale(try yarn(factor, base: rope.base))
    case "longrope": try readLongRoPE(into: &rope)
    default:
      throw UnsupportedModel(
        path: file.path, what: "RoPE scaling \(kind)",
        supported: ["none", "linear", "yarn", "longrope"])
    }
    // LongRoPE is known by its tensors where a converter left out the type.
    if kind != "longrope", let tensor = Self.longTensors.first(where: { file.tensors[$0] != nil }) {
      try refuse(tensor, nextTo: kind, rope)
      try readLongRoPE(into: &rope)
    }
    rope.attentionFactor *= try nonzeroFloat("rope.scaling.attn_factor") ?? 1
    if let factors = try factors("rope_freqs.weight", rope) {
      try refuse("rope_freqs.weight", nextTo: kind, rope)
      rope.setFactors(factors)
    }
    return rope
  }

  /// A base, which the file may hold as a float64.
  func ropeBase(_ key: String) throws -> Double { Double(Float(try float(key) ?? 10_000)) }

  private static let longTensors = ["rope_factors_short.weight", "rope_factors_long.weight"]

  private func refuse(_ tensor: String, nextTo kind: String, _ rope: RoPE) throws {
    guard rope.scaling == .none else {
      throw UnsupportedModel(
        path: file.path, what: "tensor \(tensor) next to RoPE scaling \(kind)",
        supported: ["either"])
    }
  }

  private func yarn(_ factor: Float, base: Double) throws -> RoPE.YaRN {
    guard base != 1 else {
      throw MalformedFile(
        path: file.path, section: "metadata", problem: "rope.freq_base is 1, with YaRN")
    }
    var yarn = RoPE.YaRN(factor: factor, context: try firstContext())
    yarn.fast = try nonzeroFloat("rope.scaling.yarn_beta_fast") ?? yarn.fast
    yarn.slow = try nonzeroFloat("rope.scaling.yarn_beta_slow") ?? yarn.slow
    if let part = try nonzeroFloat("rope.scaling.yarn_ext_factor"), part != 1 {
      throw UnsupportedModel(
        path: file.path, what: "rope.scaling.yarn_ext_factor \(part)", supported: ["1"])
    }
    let usual = RoPE.yarnAttentionFactor(factor: factor, scale: 1)
    yarn.attentionFactor = Float(try statedAttentionFactor(usual: usual))
    return yarn
  }

  /// llama.cpp's converter writes `attention_factor` of `config.json` here, or else `attn_factor`.
  /// transformers ignores the latter, which undoes the usual factor.
  private func statedAttentionFactor(usual: Double) throws -> Double {
    guard let stated = try nonzeroFloat("rope.scaling.yarn_attn_factor").map({ Double($0) }),
      abs(stated * usual - 1) > 1e-6
    else { return usual }
    return stated
  }

  private func readLongRoPE(into rope: inout RoPE) throws {
    guard let short = try factors("rope_factors_short.weight", rope),
      let long = try factors("rope_factors_long.weight", rope)
    else {
      throw MalformedFile(
        path: file.path, section: "tensor rope_factors_long.weight",
        problem: "LongRoPE needs it and rope_factors_short.weight")
    }
    rope.scaling = .byLength(short: short, long: long, context: try firstContext())
  }

  /// The context before it was extended.
  private func firstContext() throws -> Int {
    try optionalInteger("rope.scaling.original_context_length", in: 2...1 << 30)
      ?? integer("context_length", in: 2...1 << 30)
  }

  /// A tensor of one positive float32 for each rotated pair, if there is one.
  private func factors(_ name: String, _ rope: RoPE) throws -> [Float]? {
    guard let tensor = file.tensors[name] else { return nil }
    guard tensor.type == .f32, tensor.shape == [rope.pairs] else {
      throw MalformedFile(
        path: file.path, section: "tensor \(name)",
        problem: "it is not \(rope.pairs) numbers in F32")
    }
    var reader = ByteReader(tensor.bytes, path: file.path, section: "tensor \(name)")
    return try (0..<rope.pairs).map { _ in
      let factor = try reader.readFloat()
      guard factor.isFinite, factor > 0 else {
        throw MalformedFile(
          path: file.path, section: "tensor \(name)", problem: "a factor is no positive number")
      }
      return factor
    }
  }
}
