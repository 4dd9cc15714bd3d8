import ModelFiles

/// The weights of a decoder: one row of matrices a layer. What an architecture lacks is nil or
/// empty.
struct DecoderWeights: Sendable {
  struct Layer: Sendable {
    let attentionNorm: [Float]?
    /// Query, key and value.
    let attention: WeightGroup
    let biases: [[Float]]
    /// As long as a head, or as all heads.
    let queryNorm, keyNorm: [Float]?
    let attentionOutput: WeightGroup
    let attentionPostNorm: [Float]?
    let feedForwardNorm: [Float]?
    /// Gate and up.
    let gate: WeightGroup
    let down: WeightGroup
    let feedForwardPostNorm: [Float]?

    /// All that the layer multiplies by.
    var groups: [WeightGroup] { [attention, attentionOutput, gate, down] }
  }

  let embedding: WeightMatrix
  let layers: [Layer]
  let outputNorm: [Float]
  /// The embedding itself where the model ties them, or where the file's output matrix has the same
  /// values.
  let output: WeightGroup
  /// All tensors that the forward pass uses, by name.
  let tensors: [String: Tensor]

  init(_ file: ModelFile) throws {
    let model = file.architecture
    var reader = TensorReader(file)
    let shape = [model.vocabularySize, model.embeddingLength]
    embedding = WeightMatrix(try reader.tensor("token_embd", shape))
    layers = try (0..<model.layers).map { try Layer("blk.\($0).", model, &reader) }
    outputNorm = try reader.vector("output_norm", model.embeddingLength)
    let output = try file.tensors["output.weight"].map { _ in
      WeightMatrix(try reader.tensor("output", shape))
    }
    try file.rejectTensors(besides: reader.used)
    let isTied = output?.hasValues(of: embedding) ?? true
    if isTied { reader.drop("output.weight") }
    self.output = WeightGroup(isTied ? embedding : output ?? embedding)
    tensors = reader.used
  }
}

extension DecoderWeights.Layer {
  /// The weights whose names begin with `prefix`.
  fileprivate init(
    _ prefix: String, _ model: ModelConfig, _ reader: inout TensorReader
  ) throws {
    let (width, hidden) = (model.embeddingLength, model.feedForwardLength)
    let lengths = [
      model.queryHeads * model.keyLength, model.kvHeads * model.keyLength,
      model.kvHeads * model.valueLength,
    ]
    let isBefore = model.normPlace != .after
    let isAfter = model.normPlace != .before

    attentionNorm = isBefore ? try reader.vector(prefix + "attn_norm", width) : nil
    let projections = ["attn_q", "attn_k", "attn_v"]
    attention = WeightGroup(
      model.hasFusedProjections
        ? try reader.parts(prefix + "attn_qkv", lengths, width)
        : try zip(projections, lengths).map {
          WeightMatrix(try reader.tensor(prefix + $0, [$1, width]))
        })
    biases =
      model.hasProjectionBiases
      ? try zip(projections, lengths).map { try reader.vector(prefix + $0, $1, "bias") } : []
    queryNorm = try reader.headNorm(prefix + "attn_q_norm", model, heads: model.queryHeads)
    keyNorm = try reader.headNorm(prefix + "attn_k_norm", model, heads: model.kvHeads)
    attentionOutput = WeightGroup(
      WeightMatrix(
        try reader.tensor(prefix + "attn_output", [width, model.queryHeads * model.valueLength])))
    attentionPostNorm = isAfter ? try reader.vector(prefix + "post_attention_norm", width) : nil

    feedForwardNorm = isBefore ? try reader.vector(prefix + "ffn_norm", width) : nil
    gate = WeightGroup(
      model.hasFusedProjections
        ? try reader.parts(prefix + "ffn_up", [hidden, hidden], width)
        : try ["ffn_gate", "ffn_up"].map {
          WeightMatrix(try reader.tensor(prefix + $0, [hidden, width]))
        })
    down = WeightGroup(WeightMatrix(try reader.tensor(prefix + "ffn_down", [width, hidden])))
    feedForwardPostNorm = isAfter ? try reader.vector(prefix + "post_ffw_norm", width) : nil
  }
}

/// Takes tensors from a file and notes which.
private struct TensorReader {
  let file: ModelFile
  private(set) var used: [String: Tensor] = [:]

  init(_ file: ModelFile) { self.file = file }

  mutating func tensor(
    _ name: String, _ shape: [Int], _ kind: String = "weight"
  ) throws -> Tensor {
    let tensor = try file.tensor("\(name).\(kind)", shape: shape)
    used[tensor.name] = tensor
    return tensor
  }

  /// Takes note that a tensor is not used after all.
  mutating func drop(_ name: String) { used[name] = nil }

  mutating func vector(
    _ name: String, _ length: Int, _ kind: String = "weight"
  ) throws -> [Float] {
    WeightMatrix(try tensor(name, [length], kind)).decodedRow(0)
  }

  /// Matrices that one tensor holds, one above the other.
  mutating func parts(_ name: String, _ rows: [Int], _ columns: Int) throws -> [WeightMatrix] {
    let tensor = try tensor(name, [rows.reduce(0, +), columns])
    var start = 0
    return rows.map { count in
      defer { start += count }
      return WeightMatrix(tensor.rows(start..<start + count))
    }
  }

  mutating func headNorm(
    _ name: String, _ model: ModelConfig, heads: Int
  ) throws -> [Float]? {
    switch model.queryKeyNorm {
    case .none: nil
    case .perHead: try vector(name, model.keyLength)
    case .wholeWidth: try vector(name, heads * model.keyLength)
    }
  }
}
