import CKernels
import ModelFiles

/// The steps that architectures are made of, over the first `count` rows of their matrices.
enum Blocks {
  private static let rowsPerItem = 8

  /// target = RMSNorm(x) · weight, row by row.
  static func rmsNorm(
    _ x: Matrix, weight: [Float], epsilon: Float, count: Int, into target: Matrix
  ) {
    forEachRow(count) { row in
      unsafe weight.withUnsafeBufferPointer { weight in
        unsafe Kernels.current.table.pointee.rms_norm(
          x.pointer(row: row), weight.baseAddress, target.pointer(row: row), x.columns, epsilon)
      }
    }
  }

  /// gate = silu(gate) · up.
  static func swiglu(gate: Matrix, up: Matrix, count: Int) {
    forEachRow(count) { row in
      unsafe Kernels.current.table.pointee.swiglu(
        gate.pointer(row: row), up.pointer(row: row), gate.columns)
    }
  }

  /// x += y.
  static func add(_ y: Matrix, to x: Matrix, count: Int) {
    forEachRow(count) { row in
      unsafe Kernels.current.table.pointee.add(x.pointer(row: row), y.pointer(row: row), x.columns)
    }
  }

  /// Causal attention of `count` new tokens, whose pairs are already in the cache, over all of a
  /// layer's pairs.
  static func attend(
    layer: Int, model: ArchitectureDescription, cache: KVCache, count: Int, state: RunState
  ) {
    let block = ck_attend_tokens(model.group)
    let blocks = (count + block - 1) / block
    // The last tokens see most pairs; taking them first leaves the short work for the end.
    Parallel.forEach(model.kvHeads * blocks) { worker, item in
      let (head, first) = (item % model.kvHeads, (blocks - 1 - item / model.kvHeads) * block)
      let storage = cache.storage(layer, head)
      unsafe withUnsafePointer(
        to: ck_attention(
          queries: state.queries.pointer(row: 0) + head * model.group * model.keyLength,
          output: state.attended.pointer(row: 0) + head * model.group * model.valueLength,
          keys: storage.keys, values: storage.values, type: cache.kernelType,
          first_token: first, token_count: min(block, count - first), group: model.group,
          before: storage.count - count, query_stride: state.queries.columns,
          output_stride: state.attended.columns, key_length: model.keyLength,
          value_length: model.valueLength, scale: 1 / Float(model.keyLength).squareRoot(),
          scratch: state.scratch.pointer(row: worker))
      ) { unsafe Kernels.current.table.pointee.attend($0) }
    }
  }

  private static func forEachRow(_ count: Int, _ body: @Sendable (Int) -> Void) {
    Parallel.forEach((count + rowsPerItem - 1) / rowsPerItem) { _, item in
      for row in item * rowsPerItem..<min(count, (item + 1) * rowsPerItem) { body(row) }
    }
  }
}
