import ModelFiles

/// The weights of a `llama` model: one row of matrices a layer.
struct LlamaWeights: Sendable {
  struct Layer: Sendable {
    let attentionNorm: [Float]
    /// Query, key and value.
    let attention: WeightGroup
    let attentionOutput: WeightGroup
    let feedForwardNorm: [Float]
    /// Gate and up.
    let gate: WeightGroup
    let down: WeightGroup

    /// All that the layer multiplies by.
    var groups: [WeightGroup] { [attention, attentionOutput, gate, down] }
  }

  let embedding: WeightMatrix
  let layers: [Layer]
  let outputNorm: [Float]
  /// The embedding itself where the model ties them.
  let output: WeightGroup
  /// All tensors that the forward pass uses, by name.
  private(set) var tensors: [String: Tensor] = [:]

  init(_ file: ModelFile) throws {
    let model = file.architecture
    var used: [String: Tensor] = [:]
    func tensor(_ name: String, _ shape: Int...) throws -> WeightMatrix {
      let tensor = try file.tensor("\(name).weight", shape: shape)
      used[tensor.name] = tensor
      return WeightMatrix(tensor)
    }
    func norm(_ name: String) throws -> [Float] {
      try tensor(name, model.embeddingLength).decodedRow(0)
    }
    let (width, hidden) = (model.embeddingLength, model.feedForwardLength)
    let queries = model.queryHeads * model.keyLength
    embedding = try tensor("token_embd", model.vocabularySize, width)
    layers = try (0..<model.layers).map { layer in
      let prefix = "blk.\(layer)."
      return Layer(
        attentionNorm: try norm(prefix + "attn_norm"),
        attention: WeightGroup(
          try tensor(prefix + "attn_q", queries, width),
          try tensor(prefix + "attn_k", model.kvHeads * model.keyLength, width),
          try tensor(prefix + "attn_v", model.kvHeads * model.valueLength, width)),
        attentionOutput: WeightGroup(
          try tensor(prefix + "attn_output", width, model.queryHeads * model.valueLength)),
        feedForwardNorm: try norm(prefix + "ffn_norm"),
        gate: WeightGroup(
          try tensor(prefix + "ffn_gate", hidden, width),
          try tensor(prefix + "ffn_up", hidden, width)),
        down: WeightGroup(try tensor(prefix + "ffn_down", width, hidden)))
    }
    outputNorm = try norm("output_norm")
    let isTied = file.tensors["output.weight"] == nil
    output = WeightGroup(
      isTied ? embedding : try tensor("output", model.vocabularySize, width))
    tensors = used
    try file.refuseTensors(besides: used)
  }
}
