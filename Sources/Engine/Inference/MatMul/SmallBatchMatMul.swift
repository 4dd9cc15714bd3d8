import CInferenceKernels

/// Products with a few tokens, straight from the quantised rows: one token's as dot products, those
/// of more with each block of weights decoded once for all of them.
struct SmallBatchMatMul: Sendable {
  /// Up to this many tokens, this beats decoding the weights first.
  static let mostTokens = 63
  /// Up to this many, a dot product for each beats interleaving the rows.
  private static let mostDots = 2
  /// An item of dot products rounds the token's values again. More rows are therefore better, as
  /// long as all cores have items until the end.
  private static let rowsPerDot = 32...512
  private static let itemsPerWorker = 4
  private static let rowsPerItem = Int(CK_SMALL_BATCH_ROWS)

  /// The tokens' values as int16 activations.
  private let int16: Memory

  /// Memory for rows of inputs no longer than `depth`.
  init(depth: Int) throws(EngineError) {
    let blocks = Self.mostTokens * ((depth + 31) / 32)
    int16 = try Memory(blocks * MemoryLayout<ck_int16_block>.stride)
  }

  func project(_ x: Matrix, _ weights: WeightGroup, count: Int, into targets: [Matrix]) {
    precondition(count <= Self.mostTokens)
    guard count > Self.mostDots else { return dot(x, weights, count, into: targets) }
    if weights.matrices.contains(where: \.takesInt16) { quantise(x, count) }
    Parallel.forEach(weights.blocks(of: Self.rowsPerItem)) { _, item in
      let (matrix, rows) = weights.block(item, of: Self.rowsPerItem)
      let target = targets[matrix]
      unsafe weights.matrices[matrix].multiply(
        rows, by: x, int16: int16Base, count: count,
        into: target.pointer(row: 0) + rows.lowerBound, stride: target.columns)
    }
  }

  private func dot(_ x: Matrix, _ weights: WeightGroup, _ count: Int, into targets: [Matrix]) {
    let total = weights.matrices.reduce(0) { $0 + $1.rows }
    let share = total / (Parallel.workers * Self.itemsPerWorker)
    let size = min(max(share, Self.rowsPerDot.lowerBound), Self.rowsPerDot.upperBound)
    Parallel.forEach(weights.blocks(of: size)) { _, item in
      let (matrix, rows) = weights.block(item, of: size)
      for token in 0..<count {
        unsafe weights.matrices[matrix].multiply(
          rows, by: x.pointer(row: token),
          into: targets[matrix].pointer(row: token) + rows.lowerBound)
      }
    }
  }

  /// Rounds the tokens' values; blocks of all tokens are next to each other.
  private func quantise(_ x: Matrix, _ count: Int) {
    Parallel.forEach(count) { _, token in
      unsafe Kernels.current.table.pointee.quantise_activations(
        x.pointer(row: token), x.columns, count, int16Base + token)
    }
  }

  private var int16Base: UnsafeMutablePointer<ck_int16_block> {
    unsafe int16.base.assumingMemoryBound(to: ck_int16_block.self)
  }
}
