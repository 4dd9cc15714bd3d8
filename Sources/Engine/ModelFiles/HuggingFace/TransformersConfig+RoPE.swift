import ByteIO

/// RoPE, which transformers 5 writes as `rope_parameters` and older versions as `rope_theta` and
/// `rope_scaling`.
extension TransformersConfig {
  /// RoPE of all layers, or of those of one type.
  ///
  /// - Parameters:
  ///   - layerType: The type of layer, if the architecture may have parameters for each type.
  ///   - baseKey: The name of the base in older versions.
  ///   - mayBePartial: Whether a part of each head may stay unrotated.
  func rope(
    headLength: Int, layerType: String? = nil, baseKey: String = "rope_theta",
    defaultBase: Float = 10_000, mayBePartial: Bool = false
  ) throws -> RoPE {
    let parameters = try ropeParameters(layerType, isOlder: baseKey == "rope_theta")
    let base = try ropeBase(parameters, baseKey) ?? defaultBase
    let part = try rotatedPart(parameters, mayBePartial: mayBePartial)
    // Rounded as in transformers.
    let dimensions = Int(Double(headLength) * Double(part))
    guard dimensions >= 2, dimensions <= headLength, dimensions % 2 == 0 else {
      throw object.error("partial_rotary_factor", "gives a part of the head that cannot be rotated")
    }
    var rope = RoPE(base: Double(base), dimensions: dimensions)
    if let parameters { try scale(&rope, parameters) }
    return rope
  }

  /// The object that describes RoPE. `rope_scaling` knows no types of layers: it is for the layers
  /// whose base is `rope_theta`.
  private func ropeParameters(_ layerType: String?, isOlder: Bool) throws -> JSONObject? {
    if isOlder, let scaling = try object.object("rope_scaling") {
      if let parameters = try object.object("rope_parameters") {
        throw parameters.error("rope_scaling", "is given next to rope_parameters")
      }
      return scaling
    }
    guard let parameters = try object.object("rope_parameters") else { return nil }
    guard let layerType else { return parameters }
    try parameters.rejectKeys(besides: ["full_attention", "sliding_attention"])
    return try parameters.object(layerType)
  }

  private func ropeBase(_ parameters: JSONObject?, _ key: String) throws(MalformedFile) -> Float? {
    if object.isNull(key) { throw object.error(key, "is null") }
    if let parameters, parameters.isNull("rope_theta") {
      throw parameters.error("rope_theta", "is null")
    }
    let bases = [try float(key), try parameters?.float("rope_theta")].compactMap(\.self)
    guard bases.allSatisfy({ $0 == bases[0] }) else {
      throw object.error(key, "differs from that of rope_parameters")
    }
    return bases.first
  }

  private func rotatedPart(_ parameters: JSONObject?, mayBePartial: Bool) throws -> Float {
    let (key, inner) = ("partial_rotary_factor", try parameters?.float("partial_rotary_factor"))
    guard let part = try inner ?? object.float(key), part != 1 else { return 1 }
    guard part < 1 else { throw object.error(key, "is more than 1") }
    guard mayBePartial else {
      let place = inner == nil ? key : "\(parameters?.section ?? "").\(key)"
      throw unsupported("\(place) \(part)", ["1"])
    }
    return part
  }
}

/// Scaling.
extension TransformersConfig {
  /// Keys that transformers uses in some kinds of scaling and ignores in others. `attn_factor`
  /// (DeepSeek-R1-0528-Qwen3-8B) and `finetuned` occur in checkpoints and are ignored in all.
  private static let known = [
    "rope_type", "type", "rope_theta", "partial_rotary_factor", "factor", "low_freq_factor",
    "high_freq_factor", "short_factor", "long_factor", "attention_factor", "beta_fast",
    "beta_slow", "mscale", "mscale_all_dim", "truncate", "original_max_position_embeddings",
    "attn_factor", "finetuned",
  ]

  private func scale(_ rope: inout RoPE, _ parameters: JSONObject) throws {
    let kind = try parameters.text("rope_type") ?? parameters.text("type") ?? "default"
    try parameters.rejectKeys(besides: Self.known)
    switch kind {
    case "default": break
    case "linear": rope.scaleLinearly(factor: try required("factor", parameters))
    case "dynamic":
      let factor = try required("factor", parameters)
      guard factor >= 1 else { throw parameters.error("factor", "is less than 1") }
      rope.scaling = .dynamic(
        factor: factor,
        context: try object.integer("max_position_embeddings", in: 1...1 << 30))
    case "llama3": rope.scale(try llama3(parameters))
    // Phi-3's first files have other names for it.
    case "longrope", "su",
      "yarn" where parameters["long_factor"] != nil:
      try readLongRoPE(parameters, into: &rope)
    case "yarn":
      guard rope.base != 1 else { throw parameters.error("rope_theta", "is 1, with YaRN") }
      rope.scale(try yarn(parameters))
    default:
      throw unsupported(
        "RoPE scaling \(kind)", ["default", "linear", "dynamic", "llama3", "yarn", "longrope"])
    }
  }

  private func llama3(_ parameters: JSONObject) throws -> RoPE.Llama3 {
    let scaling = RoPE.Llama3(
      factor: try required("factor", parameters),
      low: try required("low_freq_factor", parameters),
      high: try required("high_freq_factor", parameters), context: try firstContext(parameters))
    guard scaling.low < scaling.high else {
      throw parameters.error("low_freq_factor", "is not less than high_freq_factor")
    }
    return scaling
  }

  private func yarn(_ parameters: JSONObject) throws -> RoPE.YaRN {
    let context = try firstContext(parameters)
    var yarn = RoPE.YaRN(
      factor: try parameters.float("factor") ?? Float(longest(beyond: context)), context: context)
    yarn.fast = try parameters.float("beta_fast") ?? yarn.fast
    yarn.slow = try parameters.float("beta_slow") ?? yarn.slow
    // transformers does not round if this is null.
    yarn.isRounded = try parameters.bool("truncate") ?? !parameters.isNull("truncate")
    if let attentionFactor = try parameters.float("attention_factor") {
      yarn.attentionFactor = attentionFactor
    } else if let one = try scale("mscale", parameters),
      let all = try scale("mscale_all_dim", parameters)
    {
      yarn.attentionFactor = Float(
        RoPE.yarnAttentionFactor(factor: yarn.factor, scale: one)
          / RoPE.yarnAttentionFactor(factor: yarn.factor, scale: all))
    }
    return yarn
  }

  /// A number that counts as absent if it is 0.
  private func scale(_ key: String, _ parameters: JSONObject) throws(MalformedFile) -> Float? {
    parameters[key]?.double == 0 ? nil : try parameters.float(key)
  }

  /// The ratio of the model's context to its original context.
  private func longest(beyond context: Int) throws(MalformedFile) -> Double {
    Double(try object.integer("max_position_embeddings", in: 1...1 << 30)) / Double(context)
  }

  private func readLongRoPE(_ parameters: JSONObject, into rope: inout RoPE) throws {
    let context = try firstContext(parameters)
    rope.scaling = .byLength(
      short: try factors("short_factor", parameters, rope),
      long: try factors("long_factor", parameters, rope), context: context)
    let factor = try parameters.float("factor").map { Double($0) } ?? longest(beyond: context)
    rope.attentionFactor =
      try parameters.float("attention_factor")
      ?? RoPE.longAttentionFactor(factor: factor, context: context)
  }

  private func required(_ key: String, _ parameters: JSONObject) throws(MalformedFile) -> Float {
    guard let number = try parameters.float(key) else { throw parameters.error(key, "is missing") }
    return number
  }

  /// The context before it was extended. Outside the parameters, where Phi-3 has it, it takes
  /// precedence.
  private func firstContext(_ parameters: JSONObject) throws(MalformedFile) -> Int {
    let (key, range) = ("original_max_position_embeddings", 2...1 << 30)
    if let context = try object.optionalInteger(key, in: range) { return context }
    if let context = try parameters.optionalInteger(key, in: range) { return context }
    return try object.integer("max_position_embeddings", in: range)
  }

  private func factors(
    _ key: String, _ parameters: JSONObject, _ rope: RoPE
  ) throws(MalformedFile) -> [Float] {
    let factors = (try parameters.array(key) ?? []).compactMap(\.float)
    guard factors.count == rope.pairs, factors.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw parameters.error(key, "is no list of \(rope.pairs) positive numbers")
    }
    return factors
  }
}
