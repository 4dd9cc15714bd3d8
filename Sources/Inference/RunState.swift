import CKernels
import ModelFiles

/// The memory of one forward pass over up to `tokens` tokens; allocated once, used for every chunk.
struct RunState {
  let tokens: Int
  /// The residual stream, one row a token.
  let hidden: Matrix
  let normed: Matrix
  let queries, keys, values: Matrix
  let attended: Matrix
  let gate, up: Matrix
  /// What a layer adds to the residual stream.
  let update: Matrix
  /// Decoded weights.
  let tile: Matrix
  /// Scratch memory of attention, one row a worker.
  let scratch: Matrix

  init(_ model: ArchitectureDescription, tokens: Int) {
    self.tokens = tokens
    hidden = Matrix(rows: tokens, columns: model.embeddingLength)
    normed = Matrix(rows: tokens, columns: model.embeddingLength)
    queries = Matrix(rows: tokens, columns: model.queryHeads * model.keyLength)
    keys = Matrix(rows: tokens, columns: model.kvHeads * model.keyLength)
    values = Matrix(rows: tokens, columns: model.kvHeads * model.valueLength)
    attended = Matrix(rows: tokens, columns: model.queryHeads * model.valueLength)
    gate = Matrix(rows: tokens, columns: model.feedForwardLength)
    up = Matrix(rows: tokens, columns: model.feedForwardLength)
    update = Matrix(rows: tokens, columns: model.embeddingLength)
    let longestRow = max(
      model.embeddingLength, model.feedForwardLength, model.queryHeads * model.valueLength)
    tile = Matrix(rows: 1, columns: max(WeightMatrix.tileFloats, longestRow))
    scratch = Matrix(
      rows: Parallel.workers,
      columns: ck_attend_scratch(model.keyLength, model.valueLength, model.group))
  }
}
