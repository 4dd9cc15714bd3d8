import Inference

/// The last pairs of a head, put aside while its other pairs are loaded again.
struct PairsAside {
  private var keys: [UInt8] = []
  private var values: [UInt8] = []

  init(_ cache: KVCache, _ layer: Int, _ head: Int, after kept: Int) {
    let pairs = (kept..<cache.count(layer: layer, head: head)).map(UInt32.init)
    cache.gather(layer: layer, head: head, pairs: pairs[...], keys: &keys, values: &values)
  }

  func putBack(into cache: KVCache, _ layer: Int, _ head: Int) {
    cache.withKeys(layer: layer, head: head) { $0.store(keys, at: $0.byteCount - keys.count) }
    cache.withValues(layer: layer, head: head) {
      $0.store(values, at: $0.byteCount - values.count)
    }
  }
}
