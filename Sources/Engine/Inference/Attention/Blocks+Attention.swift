import CInferenceKernels
import ModelFiles

extension Blocks {
  /// Causal attention of a sequence's newest tokens, one a row, whose pairs are already in the
  /// cache, over the layer's pairs that its window leaves them; in bfloat16 if `rounded`.
  ///
  /// - Parameter peaks: Receives the greatest weights of some pairs.
  static func attend(
    layer: Int, model: ModelConfig, cache: KVCache, rows: Range<Int>, state: RunState,
    rounded: Bool, peaks: AttentionPeaks? = nil
  ) {
    let (count, first) = (rows.count, rows.lowerBound)
    let window = model.window(ofLayer: layer)
    let heads = (0..<model.kvHeads).map {
      cache.parts(layer: layer, head: $0, count: count, window: window)
    }
    defer {
      peaks?.add(layer: layer, of: heads, rows: rows, state: state, rounded: rounded)
    }
    if count <= fewTokens && peaks == nil {
      for token in 0..<count {
        attend(token: token, row: first + token, to: heads, model: model, state: state)
      }
      return
    }
    let block = ck_attend_tokens(model.group)
    let blocks = (count + block - 1) / block
    // The last tokens see most pairs; taking them first leaves the short work for the end.
    Parallel.forEach(model.kvHeads * blocks) { worker, item in
      let (head, start) = (item % model.kvHeads, (blocks - 1 - item / model.kvHeads) * block)
      let tokens = start..<min(count, start + block)
      let columns =
        head * model.group * model.valueLength..<(head + 1) * model.group * model.valueLength
      unsafe KVView.withKernelPairs(heads[head]) { pairs in
        unsafe withUnsafePointer(
          to: ck_attention(
            queries: state.queries.pointer(row: first) + head * model.group * model.keyLength,
            output: state.attended.floats.pointer(row: first) + columns.lowerBound,
            denominators: peaks == nil
              ? nil : state.denominators.pointer(row: first) + head * model.group,
            pairs: pairs.baseAddress, parts: pairs.count, products: rounded ? CK_BF16 : CK_F32,
            first_token: start, token_count: tokens.count, group: model.group,
            query_stride: state.queries.columns, output_stride: state.attended.columns,
            denominator_stride: model.queryHeads, key_length: model.keyLength,
            value_length: model.valueLength, scale: scale(model),
            cap: model.attentionSoftcap ?? 0, scratch: state.scratch.pointer(row: worker))
        ) { unsafe Kernels.current.table.pointee.attend($0) }
      }
      guard rounded else { return }
      for token in tokens { state.attended.round(row: first + token, columns: columns) }
    }
  }

  /// Up to this many tokens, each one's pairs are cut into splits, so that all cores have work
  /// (Flash-Decoding).
  private static let fewTokens = 3

  /// The most splits of a head's pairs, except for those with which a part of them ends. Each holds
  /// at least `splitPairs`, unless it is the last of its part.
  private static let mostSplits = 16
  private static let splitPairs = 256

  /// How many splits a head's pairs are cut into at most.
  static let splitRoom = mostSplits + KVView.mostParts - 1

  /// Some of a head's pairs that are held alike.
  private struct Split {
    var head: Int
    /// Which of the head's splits this is.
    var index: Int
    var part: Int
    var pairs: Range<Int>
  }

  /// Attention of one new token, whose query is in a row, to the pairs of each KV head that it
  /// sees. How they are cut into splits depends on their number alone, so that sums do not depend
  /// on the number of cores.
  private static func attend(
    token: Int, row: Int, to heads: [[KVView]], model: ModelConfig, state: RunState
  ) {
    let partial = ck_split_floats(model.valueLength)
    let splits = heads.indices.map { cut(heads[$0], head: $0, token: token) }
    let all = splits.flatMap(\.self)
    Parallel.forEach(all.count) { worker, item in
      let split = all[item]
      let part = heads[split.head][split.part]
      unsafe withUnsafePointer(
        to: ck_split(
          queries: state.queries.pointer(row: row) + split.head * model.group * model.keyLength,
          keys: part.keys, values: part.values, first: split.pairs.lowerBound,
          pairs: split.pairs.count, group: model.group, key_length: model.keyLength,
          value_length: model.valueLength, scale: scale(model), cap: model.attentionSoftcap ?? 0,
          partials: state.partials.pointer(row: split.head) + split.index * model.group * partial,
          scratch: state.scratch.pointer(row: worker))
      ) { unsafe Kernels.current.table.pointee.attend_split($0) }
    }
    for head in 0..<model.queryHeads {
      let (kvHead, member) = head.quotientAndRemainder(dividingBy: model.group)
      unsafe Kernels.current.table.pointee.merge_splits(
        state.partials.pointer(row: kvHead) + member * partial, splits[kvHead].count,
        model.group * partial, model.valueLength,
        state.attended.floats.pointer(row: row) + head * model.valueLength)
    }
  }

  private static func cut(_ parts: [KVView], head: Int, token: Int) -> [Split] {
    let ranges = parts.map { $0.visible(to: token) }
    let size = splitSize(ranges.reduce(0) { $0 + $1.count })
    var splits: [Split] = []
    for (part, range) in ranges.enumerated() {
      for start in stride(from: range.lowerBound, to: range.upperBound, by: size) {
        splits.append(
          Split(
            head: head, index: splits.count, part: part,
            pairs: start..<min(range.upperBound, start + size)))
      }
    }
    return splits
  }

  private static func splitSize(_ pairs: Int) -> Int {
    max(splitPairs, (pairs + mostSplits - 1) / mostSplits)
  }

  static func scale(_ model: ModelConfig) -> Float {
    model.attentionScale ?? 1 / Float(model.keyLength).squareRoot()
  }
}
