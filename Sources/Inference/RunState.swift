import CKernels
import ModelFiles

/// The memory of one forward pass over up to `tokens` tokens; allocated once, used for every chunk.
struct RunState {
  /// Rows of logits that are held at once.
  static let logitRows = 128

  /// The residual stream, one row a token.
  let hidden: Matrix
  let normed: Matrix
  let queries, keys, values: Matrix
  let attended: Matrix
  let gate, up: Matrix
  /// What a layer adds to the residual stream.
  let update: Matrix
  /// The hidden vectors that become logits, and the logits.
  let outputInput, logits: Matrix
  /// Decoded weights.
  let tile: Matrix
  /// Scratch memory of attention, one row a worker.
  let scratch: Matrix

  init(_ model: ArchitectureDescription, tokens: Int) throws(EngineError) {
    hidden = try Matrix(rows: tokens, columns: model.embeddingLength)
    normed = try Matrix(rows: tokens, columns: model.embeddingLength)
    queries = try Matrix(rows: tokens, columns: model.queryHeads * model.keyLength)
    keys = try Matrix(rows: tokens, columns: model.kvHeads * model.keyLength)
    values = try Matrix(rows: tokens, columns: model.kvHeads * model.valueLength)
    attended = try Matrix(rows: tokens, columns: model.queryHeads * model.valueLength)
    gate = try Matrix(rows: tokens, columns: model.feedForwardLength)
    up = try Matrix(rows: tokens, columns: model.feedForwardLength)
    update = try Matrix(rows: tokens, columns: model.embeddingLength)
    outputInput = try Matrix(rows: Self.logitRows, columns: model.embeddingLength)
    logits = try Matrix(rows: Self.logitRows, columns: model.vocabularySize)
    let longestRow = max(
      model.embeddingLength, model.feedForwardLength, model.queryHeads * model.valueLength)
    tile = try Matrix(rows: 1, columns: max(WeightMatrix.tileFloats, longestRow))
    scratch = try Matrix(
      rows: Parallel.workers,
      columns: ck_attend_scratch(model.keyLength, model.valueLength, model.group))
  }

  /// Takes rows of `normed` as the ones that become logits.
  func prepareOutput(rows: Range<Int>) {
    for (target, row) in rows.enumerated() {
      unsafe outputInput.pointer(row: target).update(
        from: normed.pointer(row: row), count: normed.columns)
    }
  }
}
