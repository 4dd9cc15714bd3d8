import ByteIO

/// How GGUF describes and stores the `llama` architecture.
enum GGUFLlama {
  static func architecture(
    _ metadata: GGUFMetadata, _ file: GGUFFile
  ) throws -> ArchitectureDescription {
    let name = try metadata.text("general.architecture")
    guard name == "llama" else {
      throw UnsupportedModel(path: file.path, what: "architecture \(name)", supported: ["llama"])
    }
    try refuseUnknownArithmetic(metadata, file)
    let embedding = try metadata.integer("llama.embedding_length", in: 1...1 << 16)
    let queryHeads = try metadata.integer("llama.attention.head_count", in: 1...4096)
    let keyLength =
      try metadata.optionalInteger("llama.attention.key_length", in: 2...8192)
      ?? embedding / queryHeads
    let description = ArchitectureDescription(
      name: name,
      layers: try metadata.integer("llama.block_count", in: 1...4096),
      embeddingLength: embedding,
      feedForwardLength: try metadata.integer("llama.feed_forward_length", in: 1...1 << 18),
      queryHeads: queryHeads,
      kvHeads: try metadata.optionalInteger("llama.attention.head_count_kv", in: 1...4096)
        ?? queryHeads,
      keyLength: keyLength,
      valueLength: try metadata.optionalInteger("llama.attention.value_length", in: 1...8192)
        ?? embedding / queryHeads,
      vocabularySize: try metadata.texts("tokenizer.ggml.tokens").count,
      contextLength: try metadata.integer("llama.context_length", in: 1...1 << 30),
      normEpsilon: Float(try metadata.float("llama.attention.layer_norm_rms_epsilon") ?? 1e-5),
      rope: .init(
        base: try metadata.float("llama.rope.freq_base") ?? 10_000,
        dimensions: try metadata.optionalInteger("llama.rope.dimension_count", in: 2...8192)
          ?? keyLength))
    return try checked(description, metadata)
  }

  /// Combinations that the engine's arithmetic relies on.
  private static func checked(
    _ description: ArchitectureDescription, _ metadata: GGUFMetadata
  ) throws(MalformedFile) -> ArchitectureDescription {
    guard description.queryHeads % description.kvHeads == 0 else {
      throw metadata.error("llama.attention.head_count_kv", "does not divide the query heads")
    }
    guard description.keyLength % 2 == 0, description.keyLength > 0, description.valueLength > 0
    else { throw metadata.error("llama.embedding_length", "gives heads of odd or no length") }
    guard description.rope.dimensions == description.keyLength else {
      throw metadata.error("llama.rope.dimension_count", "does not fit the head's length")
    }
    // The file may hold a float64.
    guard description.normEpsilon.isFinite, description.normEpsilon > 0 else {
      throw metadata.error("llama.attention.layer_norm_rms_epsilon", "is no positive float32")
    }
    guard description.vocabularySize > 0 else {
      throw metadata.error("tokenizer.ggml.tokens", "is empty")
    }
    return description
  }

  /// Keys that change the arithmetic in ways that are not built in.
  private static let unsupportedKeys = [
    "llama.rope.scale_linear", "llama.rope.scaling.factor", "llama.rope.scaling.attn_factor",
    "llama.expert_count", "llama.expert_used_count", "llama.attention.sliding_window",
    "llama.attention.clamp_kqv", "llama.attention.max_alibi_bias", "llama.logit_scale",
    "llama.embedding_scale", "llama.residual_scale", "llama.attention.scale",
  ]

  private static func refuseUnknownArithmetic(_ metadata: GGUFMetadata, _ file: GGUFFile) throws {
    let scaling = try metadata.optionalText("llama.rope.scaling.type") ?? "none"
    guard scaling == "none", file.tensors["rope_freqs.weight"] == nil else {
      let kind = scaling == "none" ? "by frequency factors" : scaling
      throw UnsupportedModel(
        path: file.path, what: "RoPE scaling \(kind)", supported: ["none"])
    }
    for key in unsupportedKeys where !metadata.isAbsentOrZero(key) {
      throw UnsupportedModel(
        path: file.path, what: "metadata key \(key)", supported: ["a llama without it"])
    }
  }

  /// Marks the tensors whose rows the file interleaves.
  static func withHalfSplitRows(
    _ tensors: [String: Tensor], _ architecture: ArchitectureDescription
  ) -> [String: Tensor] {
    var tensors = tensors
    for layer in 0..<architecture.layers {
      for name in ["blk.\(layer).attn_q.weight", "blk.\(layer).attn_k.weight"] {
        tensors[name]?.interleavedHeadLength = architecture.keyLength
      }
    }
    return tensors
  }
}
