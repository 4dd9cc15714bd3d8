import ModelFiles

/// The weights of a `llama` model: one row of matrices a layer.
struct LlamaWeights: Sendable {
  struct Layer: Sendable {
    let attentionNorm: [Float]
    let query, key, value, attentionOutput: WeightMatrix
    let feedForwardNorm: [Float]
    let gate, up, down: WeightMatrix
  }

  let embedding: WeightMatrix
  let layers: [Layer]
  let outputNorm: [Float]
  /// The embedding itself where the model ties them.
  let output: WeightMatrix
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
        query: try tensor(prefix + "attn_q", queries, width),
        key: try tensor(prefix + "attn_k", model.kvHeads * model.keyLength, width),
        value: try tensor(prefix + "attn_v", model.kvHeads * model.valueLength, width),
        attentionOutput: try tensor(
          prefix + "attn_output", width, model.queryHeads * model.valueLength),
        feedForwardNorm: try norm(prefix + "ffn_norm"),
        gate: try tensor(prefix + "ffn_gate", hidden, width),
        up: try tensor(prefix + "ffn_up", hidden, width),
        down: try tensor(prefix + "ffn_down", width, hidden))
    }
    outputNorm = try norm("output_norm")
    let isTied = file.tensors["output.weight"] == nil
    output = isTied ? embedding : try tensor("output", model.vocabularySize, width)
    tensors = used
    try file.refuseTensors(besides: used)
  }
}
