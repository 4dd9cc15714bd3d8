import CInferenceKernels
public import ModelFiles

/// How much attention a question's queries pay to each pair: what SnapKV (arXiv 2404.14469) chooses
/// by.
public struct AccumulatedAttention: Sendable {
  private let model: ModelConfig
  /// Sums over queries, one row a layer and KV head.
  private let sums: Matrix
  /// Attention of some queries, one row a query.
  private let scores: Matrix

  private static let rowsAtOnce = 64
  private static let pairsPerItem = 512

  /// Zeros for caches of up to `pairs` pairs a head.
  ///
  /// - Throws: `EngineError.outOfMemory`.
  public init(_ model: ModelConfig, pairs: Int) throws(EngineError) {
    self.model = model
    sums = try Matrix(rows: model.layers * model.kvHeads, columns: pairs)
    scores = try Matrix(rows: Self.rowsAtOnce, columns: pairs)
  }

  /// Sets all sums to zero.
  public func clear() {
    for row in 0..<sums.rows {
      unsafe sums.pointer(row: row).update(repeating: 0, count: sums.columns)
    }
  }

  /// The sums of a head's first `pairs` pairs.
  public func sums(layer: Int, head: Int, pairs: Int) -> [Float] {
    Array(sums.copy(row: layer * model.kvHeads + head)[..<pairs])
  }

  /// Adds the softmax weights of a layer's last `count` tokens, over all tokens and over the query
  /// heads that share a KV head.
  ///
  /// - Parameters:
  ///   - queries: After RoPE, [tokens × queryHeads·keyLength]; the tokens' own pairs are the last
  ///     `count` of each head. Each token sees the pairs before it and its own.
  public func add(layer: Int, queries: Matrix, count: Int, cache: KVCache) {
    for head in 0..<model.kvHeads {
      let rows = count * model.group
      for start in stride(from: 0, to: rows, by: Self.rowsAtOnce) {
        let range = start..<min(rows, start + Self.rowsAtOnce)
        weigh(range, of: queries, count: count, layer: layer, head: head, cache)
        add(rows: range.count, pairs: cache.count(layer: layer, head: head), layer, head)
      }
    }
  }

  /// Softmax weights of some of a head's queries; row r is member r mod group of token r / group.
  private func weigh(
    _ rows: Range<Int>, of queries: Matrix, count: Int, layer: Int, head: Int, _ cache: KVCache
  ) {
    let storage = cache.elements(layer, head)
    let (group, length) = (model.group, model.keyLength)
    let (scale, cap) = (Blocks.scale(model), model.attentionSoftcap ?? 0)
    let outOfWindow = model.window(ofLayer: layer).map {
      KVView.outOfWindow(storage.positions, from: storage.positions.suffix(count), window: $0)
    }
    Parallel.forEach(rows.count) { _, index in
      let (token, member) = (rows.lowerBound + index).quotientAndRemainder(dividingBy: group)
      let visible = storage.count - count + token + 1
      let weights = unsafe scores.pointer(row: index)
      unsafe storage.multiplyKeys(
        visible, type: cache.kernelType, length: length,
        by: queries.pointer(row: token) + (head * group + member) * length, into: weights)
      let first = outOfWindow?[token] ?? 0
      unsafe Kernels.current.table.pointee.softmax(weights + first, visible - first, scale, cap)
      unsafe weights.update(repeating: 0, count: first)
      unsafe (weights + visible).update(repeating: 0, count: storage.count - visible)
    }
  }

  /// Adds up in the order of rows, so that sums do not depend on the number of cores.
  private func add(rows: Int, pairs: Int, _ layer: Int, _ head: Int) {
    let target = layer * model.kvHeads + head
    Parallel.forEachRange(of: pairs, size: Self.pairsPerItem) { _, range in
      for row in 0..<rows {
        unsafe Kernels.current.table.pointee.add(
          sums.pointer(row: target) + range.lowerBound,
          scores.pointer(row: row) + range.lowerBound, range.count)
      }
    }
  }
}
