import CInferenceKernels
import ModelFiles

extension Blocks {
  /// Causal attention of `count` new tokens, whose pairs are already in the cache, over a layer's pairs
  /// that its window leaves them; in bfloat16 if `rounded`.
  static func attend(
    layer: Int, model: ModelConfig, cache: KVCache, count: Int, state: RunState,
    rounded: Bool
  ) {
    let window = model.window(ofLayer: layer)
    let heads = (0..<model.kvHeads).map {
      cache.parts(layer: layer, head: $0, count: count, window: window)
    }
    if count <= fewTokens {
      for token in 0..<count {
        attend(token: token, row: token, to: heads, model: model, state: state)
      }
      return
    }
    let block = ck_attend_tokens(model.group)
    let blocks = (count + block - 1) / block
    // The last tokens see most pairs; taking them first leaves the short work for the end.
    Parallel.forEach(model.kvHeads * blocks) { worker, item in
      let (head, first) = (item % model.kvHeads, (blocks - 1 - item / model.kvHeads) * block)
      let tokens = first..<min(count, first + block)
      let columns =
        head * model.group * model.valueLength..<(head + 1) * model.group * model.valueLength
      unsafe KVView.withKernelPairs(heads[head]) { pairs in
        unsafe withUnsafePointer(
          to: ck_attention(
            queries: state.queries.pointer(row: 0) + head * model.group * model.keyLength,
            output: state.attended.floats.pointer(row: 0) + columns.lowerBound,
            pairs: pairs.baseAddress, parts: pairs.count, products: rounded ? CK_BF16 : CK_F32,
            first_token: first, token_count: tokens.count, group: model.group,
            query_stride: state.queries.columns, output_stride: state.attended.columns,
            key_length: model.keyLength, value_length: model.valueLength, scale: scale(model),
            cap: model.attentionCap ?? 0, scratch: state.scratch.pointer(row: worker))
        ) { unsafe Kernels.current.table.pointee.attend($0) }
      }
      if rounded { for token in tokens { state.attended.round(row: token, columns: columns) } }
    }
  }

  /// Up to so many tokens, each one's pairs are cut into segments, so that all cores have work.
  private static let fewTokens = 3

  /// Segments of a head's pairs, at most, but for those with which a part of them ends; each holds at least
  /// `segmentPairs` unless it is the last of its part.
  private static let mostSegments = 16
  private static let segmentPairs = 256

  /// How many segments a head's pairs are cut into at most.
  static let segmentRoom = mostSegments + KVView.mostParts - 1

  /// Some of a head's pairs that are held alike.
  private struct Segment {
    var head: Int
    /// Which of the head's segments this is.
    var index: Int
    var part: Int
    var pairs: Range<Int>
  }

  /// Attention of the newest token of a sequence, whose query is in some row.
  static func attend(
    row: Int, layer: Int, model: ModelConfig, cache: KVCache, state: RunState
  ) {
    let heads = (0..<model.kvHeads).map {
      cache.parts(layer: layer, head: $0, count: 1, window: model.window(ofLayer: layer))
    }
    attend(token: 0, row: row, to: heads, model: model, state: state)
  }

  /// Attention of one new token, whose query is in a row, to the pairs of each KV head that it sees. How they are cut into segments
  /// depends on their number alone, so that sums do not depend on the number of cores.
  private static func attend(
    token: Int, row: Int, to heads: [[KVView]], model: ModelConfig, state: RunState
  ) {
    let partial = ck_split_floats(model.valueLength)
    let segments = heads.indices.map { cut(heads[$0], head: $0, token: token) }
    let all = segments.flatMap(\.self)
    Parallel.forEach(all.count) { worker, item in
      let segment = all[item]
      let part = heads[segment.head][segment.part]
      unsafe withUnsafePointer(
        to: ck_split(
          queries: state.queries.pointer(row: row) + segment.head * model.group * model.keyLength,
          keys: part.keys, values: part.values, first: segment.pairs.lowerBound,
          pairs: segment.pairs.count, group: model.group, key_length: model.keyLength,
          value_length: model.valueLength, scale: scale(model), cap: model.attentionCap ?? 0,
          partials: state.partials.pointer(row: segment.head) + segment.index * model.group
            * partial,
          scratch: state.scratch.pointer(row: worker))
      ) { unsafe Kernels.current.table.pointee.attend_split($0) }
    }
    for head in 0..<model.queryHeads {
      let (kvHead, member) = head.quotientAndRemainder(dividingBy: model.group)
      unsafe Kernels.current.table.pointee.merge_splits(
        state.partials.pointer(row: kvHead) + member * partial, segments[kvHead].count,
        model.group * partial, model.valueLength,
        state.attended.floats.pointer(row: row) + head * model.valueLength)
    }
  }

  private static func cut(_ parts: [KVView], head: Int, token: Int) -> [Segment] {
    let ranges = parts.map { $0.visible(to: token) }
    let size = segmentSize(ranges.reduce(0) { $0 + $1.count })
    var segments: [Segment] = []
    for (part, range) in ranges.enumerated() {
      for start in stride(from: range.lowerBound, to: range.upperBound, by: size) {
        segments.append(
          Segment(
            head: head, index: segments.count, part: part,
            pairs: start..<min(range.upperBound, start + size)))
      }
    }
    return segments
  }

  private static func segmentSize(_ pairs: Int) -> Int {
    max(segmentPairs, (pairs + mostSegments - 1) / mostSegments)
  }

  static func scale(_ model: ModelConfig) -> Float {
    model.attentionScale ?? 1 / Float(model.keyLength).squareRoot()
  }
}
