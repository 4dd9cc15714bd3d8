import CKernels
import ModelFiles

extension Blocks {
  /// Causal attention of `count` new tokens, whose pairs are already in the cache, over a layer's pairs
  /// that its window leaves them; in bfloat16 if `rounded`.
  static func attend(
    layer: Int, model: ArchitectureDescription, cache: KVCache, count: Int, state: RunState,
    rounded: Bool
  ) {
    let window = model.window(ofLayer: layer)
    let hidden = (0..<model.kvHeads).map { head in
      window.map { cache.storage(layer, head).hidden(fromLast: count, window: $0) } ?? []
    }
    if count <= fewTokens {
      for token in 0..<count {
        let ranges = (0..<model.kvHeads).map { head in
          (hidden[head].isEmpty ? 0 : hidden[head][token])..<cache.storage(layer, head).count
            - count
            + token + 1
        }
        attend(layer: layer, token: token, to: ranges, model: model, cache: cache, state: state)
      }
      return
    }
    let block = ck_attend_tokens(model.group)
    let blocks = (count + block - 1) / block
    // The last tokens see most pairs; taking them first leaves the short work for the end.
    Parallel.forEach(model.kvHeads * blocks) { worker, item in
      let (head, first) = (item % model.kvHeads, (blocks - 1 - item / model.kvHeads) * block)
      let tokens = first..<min(count, first + block)
      let storage = cache.storage(layer, head)
      let columns =
        head * model.group * model.valueLength..<(head + 1) * model.group * model.valueLength
      unsafe hidden[head].withUnsafeBufferPointer { hidden in
        unsafe withUnsafePointer(
          to: ck_attention(
            queries: state.queries.pointer(row: 0) + head * model.group * model.keyLength,
            output: state.attended.floats.pointer(row: 0) + columns.lowerBound,
            keys: storage.keys, values: storage.values, type: cache.kernelType,
            products: rounded ? CK_BF16 : CK_F32, first_token: first, token_count: tokens.count,
            group: model.group, before: storage.count - count,
            hidden: hidden.isEmpty ? nil : hidden.baseAddress,
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

  /// Segments of a head's pairs, at most; each holds at least `segmentPairs` unless it is the last.
  static let mostSegments = 16
  private static let segmentPairs = 256

  /// Attention of one new token to some of each KV head's pairs. How they are cut into segments depends
  /// on their number alone, so that sums do not depend on the number of cores.
  private static func attend(
    layer: Int, token: Int, to ranges: [Range<Int>], model: ArchitectureDescription,
    cache: KVCache, state: RunState
  ) {
    let partial = ck_segment_floats(model.valueLength)
    Parallel.forEach(model.kvHeads * mostSegments) { worker, item in
      let (head, segment) = (item / mostSegments, item % mostSegments)
      let storage = cache.storage(layer, head)
      let size = segmentSize(ranges[head].count)
      let range = ranges[head].dropFirst(segment * size).prefix(size)
      guard !range.isEmpty else { return }
      let (keySize, valueSize) = (storage.keySize, storage.valueSize)
      unsafe withUnsafePointer(
        to: ck_segment(
          queries: state.queries.pointer(row: token) + head * model.group * model.keyLength,
          keys: storage.keys + range.lowerBound * keySize,
          values: storage.values + range.lowerBound * valueSize, type: cache.kernelType,
          pairs: range.count, group: model.group, key_length: model.keyLength,
          value_length: model.valueLength, scale: scale(model), cap: model.attentionCap ?? 0,
          partials: state.partials.pointer(row: head) + segment * model.group * partial,
          scratch: state.scratch.pointer(row: worker))
      ) { unsafe Kernels.current.table.pointee.attend_segment($0) }
    }
    for head in 0..<model.queryHeads {
      let (kvHead, member) = head.quotientAndRemainder(dividingBy: model.group)
      let pairs = ranges[kvHead].count
      let size = segmentSize(pairs)
      unsafe Kernels.current.table.pointee.join_segments(
        state.partials.pointer(row: kvHead) + member * partial, (pairs + size - 1) / size,
        model.group * partial, model.valueLength,
        state.attended.floats.pointer(row: token) + head * model.valueLength)
    }
  }

  private static func segmentSize(_ pairs: Int) -> Int {
    max(segmentPairs, (pairs + mostSegments - 1) / mostSegments)
  }

  static func scale(_ model: ArchitectureDescription) -> Float {
    model.attentionScale ?? 1 / Float(model.keyLength).squareRoot()
  }
}
