import CInferenceKernels
import Platform
public import ModelFiles
import Synchronization

/// The greatest attention that any of some queries pays to each pair of a context: what KVzip
/// (arXiv 2505.23416) scores pairs by.
public final class AttentionPeaks: Sendable {
  private let model: ModelConfig
  /// Logarithms to the base 2, one row a layer and KV head.
  private let peaks: Matrix
  /// The pairs that the next queries are watched for, in layers without a sliding window.
  private let watched = Mutex(0..<0)

  private static let pairsPerItem = 256

  /// No attention yet, to `pairs` pairs a head.
  ///
  /// - Throws: `EngineError.outOfMemory`.
  public init(_ model: ModelConfig, pairs: Int) throws(EngineError) {
    self.model = model
    peaks = try Matrix(rows: model.layers * model.kvHeads, columns: pairs)
    for row in 0..<peaks.rows {
      unsafe peaks.pointer(row: row).update(repeating: -.infinity, count: pairs)
    }
  }

  /// Chooses the pairs that the next queries are watched for, by their positions. In layers with a
  /// sliding window all pairs that queries see are watched: they see few.
  func watch(_ pairs: Range<Int>) {
    precondition(pairs.lowerBound >= 0 && pairs.upperBound <= peaks.columns)
    watched.withLock { $0 = pairs }
  }

  /// The natural logarithm of the greatest weight of each of a head's pairs, over all queries and
  /// over the query heads that share the KV head; −∞ for a pair that no query saw.
  public func logarithms(layer: Int, head: Int) -> [Float] {
    peaks.copy(row: layer * model.kvHeads + head).map { $0 * Float(M_LN2) }
  }

  /// Adds the attention of a layer's newest tokens, one a row, whose denominators are known.
  ///
  /// - Parameter heads: Each KV head's pairs, of which the first are the context's.
  func add(layer: Int, of heads: [[KVView]], rows: Range<Int>, state: RunState, rounded: Bool) {
    let watched = watched.withLock { $0 }
    let items = heads.enumerated().flatMap { head, parts in
      // A context that queries are watched for is held as elements, in one part.
      let seen = parts[0].outOfWindow.first.map { min($0, peaks.columns)..<peaks.columns }
      let pairs = seen ?? watched
      return stride(from: pairs.lowerBound, to: pairs.upperBound, by: Self.pairsPerItem).map {
        (head: head, pairs: $0..<min(pairs.upperBound, $0 + Self.pairsPerItem))
      }
    }
    Parallel.forEach(items.count) { worker, index in
      let (head, pairs) = items[index]
      unsafe KVView.withKernelPairs(heads[head]) { parts in
        let target = unsafe peaks.pointer(row: layer * model.kvHeads + head)
        unsafe withUnsafePointer(
          to: ck_peak(
            attention: attention(head, rows, parts, state, worker: worker, rounded: rounded),
            first: pairs.lowerBound, pairs: pairs.count, peaks: target + pairs.lowerBound)
        ) { unsafe Kernels.current.table.pointee.peak($0) }
      }
    }
  }

  @unsafe private func attention(
    _ head: Int, _ rows: Range<Int>, _ parts: UnsafeBufferPointer<ck_pairs>, _ state: RunState,
    worker: Int, rounded: Bool
  ) -> ck_attention {
    let first = rows.lowerBound
    return unsafe ck_attention(
      queries: state.queries.pointer(row: first) + head * model.group * model.keyLength,
      output: nil, denominators: state.denominators.pointer(row: first) + head * model.group,
      pairs: parts.baseAddress, parts: 1, products: rounded ? CK_BF16 : CK_F32, first_token: 0,
      token_count: rows.count, group: model.group, query_stride: state.queries.columns,
      output_stride: 0, denominator_stride: model.queryHeads, key_length: model.keyLength,
      value_length: model.valueLength, scale: Blocks.scale(model),
      cap: model.attentionSoftcap ?? 0, scratch: state.scratch.pointer(row: worker))
  }
}
