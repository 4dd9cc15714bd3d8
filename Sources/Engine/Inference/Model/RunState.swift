import CInferenceKernels
import ModelFiles

/// The memory of one forward pass over up to `tokens` tokens; allocated once, used for every chunk.
struct RunState {
  /// Rows of logits that are held at once.
  static let logitRows = 128

  /// The residual stream, one row a token.
  let hidden: Matrix
  let normed: Activations
  /// What a branch adds to it, where that is normalised first.
  let branch: Matrix
  let queries, keys, values: Matrix
  /// Those three, in the order of their weights.
  let projected: [Matrix]
  let attended: Activations
  /// Logarithms of each query row's softmax denominator, [tokens × queryHeads], if they are wanted.
  let denominators: Matrix
  let gated: Activations
  /// The hidden vectors that become logits, and the logits.
  let outputInput: Activations
  let logits: Matrix
  /// Scratch memory of attention, one row a worker.
  let scratch: Matrix
  /// Sums over splits of one token's pairs, one row a KV head.
  let partials: Matrix
  private let logitCap: Float?
  private let float32: Float32MatMul
  private let packedBF16: PackedBF16MatMul?

  init(
    _ weights: DecoderWeights, _ model: ModelConfig, tokens: Int, isExact: Bool
  ) throws(EngineError) {
    hidden = try Matrix(rows: tokens, columns: model.embeddingLength)
    normed = try Activations(rows: tokens, columns: model.embeddingLength)
    branch = try Matrix(rows: tokens, columns: model.embeddingLength)
    queries = try Matrix(rows: tokens, columns: model.queryHeads * model.keyLength)
    keys = try Matrix(rows: tokens, columns: model.kvHeads * model.keyLength)
    values = try Matrix(rows: tokens, columns: model.kvHeads * model.valueLength)
    projected = [queries, keys, values]
    attended = try Activations(rows: tokens, columns: model.queryHeads * model.valueLength)
    denominators = try Matrix(rows: tokens, columns: model.queryHeads)
    gated = try Activations(rows: tokens, columns: model.feedForwardLength)
    outputInput = try Activations(rows: Self.logitRows, columns: model.embeddingLength)
    logits = try Matrix(rows: Self.logitRows, columns: model.vocabularySize)
    logitCap = model.logitSoftcap
    scratch = try Matrix(
      rows: Parallel.workers,
      columns: max(
        ck_attend_scratch(model.keyLength, model.valueLength, model.group),
        ck_split_scratch(model.keyLength, model.valueLength, model.group)))
    partials = try Matrix(
      rows: model.kvHeads,
      columns: Blocks.splitRoom * model.group * ck_split_floats(model.valueLength))
    float32 = try Float32MatMul(
      tokens: tokens,
      width: max(
        model.embeddingLength, model.feedForwardLength, model.queryHeads * model.valueLength))
    packedBF16 =
      unsafe isExact || Kernels.current.table.pointee.has_bf16_dots == 0
      ? nil : try PackedBF16MatMul(weights.layers.flatMap(\.groups) + [weights.output])
  }

  /// How to multiply `count` rows: in bfloat16 where the processor has instructions for it and
  /// there are rows enough to be worth it, else in float32.
  func matMul(_ count: Int) -> any MatMul {
    if let packedBF16, count >= PackedBF16MatMul.fewestTokens { packedBF16 } else { float32 }
  }

  /// The logits of some rows of `normed`, in the first rows of `logits`.
  ///
  /// - Throws: `EngineError.notFinite` if one of them is not: comparisons would not notice.
  func computeLogits(_ output: WeightGroup, rows: Range<Int>) throws(EngineError) {
    let matMul = matMul(rows.count)
    for (target, row) in rows.enumerated() {
      unsafe outputInput.floats.pointer(row: target).update(
        from: normed.floats.pointer(row: row), count: normed.columns)
      if matMul.takesRounded { outputInput.round(row: target, columns: 0..<normed.columns) }
    }
    matMul.project(outputInput, output, count: rows.count, into: [logits])
    let isFinite = Parallel.allSatisfy(rangesOf: rows.count, size: 1) { range in
      let (row, kernels) = (range.lowerBound, Kernels.current)
      if let logitCap {
        unsafe kernels.table.pointee.soft_cap(logits.pointer(row: row), logits.columns, logitCap)
      }
      return unsafe kernels.isWithin(
        logits.pointer(row: row), logits.columns, limit: .greatestFiniteMagnitude)
    }
    guard isFinite else { throw .notFinite }
  }
}
