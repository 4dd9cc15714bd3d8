import CacheCodec
import CacheFormat
import Dispatch
import Inference
import Synchronization

/// Loads the layers of a chain of snapshots into a cache, first layers first.
///
/// The engine computes with the first layers while others still load.
///
/// Idle cores of the engine load one layer after the other. A thread that waits for a layer loads
/// others meanwhile.
final class CacheLoader: Sendable {
  private let chain: SnapshotChain
  private let cache: KVCache
  private let plan: CachePlan
  private let end: Int
  /// Each is entered until its layer is loaded or has failed.
  private let layers: [DispatchGroup]
  private let next = Atomic<Int>(0)
  private let failure = Mutex<(any Error)?>(nil)
  /// Unused decoders. Each keeps its memory from layer to layer.
  private let decoders = Mutex<[Decoder]>([])

  private final class Decoder: @unchecked Sendable {
    var decoder: LayerDecoder

    init(_ chain: SnapshotChain) { decoder = LayerDecoder(chain) }
  }

  /// Starts to load the pairs that are kept of the positions before `end`.
  ///
  /// - Parameters:
  ///   - plan: The plan that the cache was made by.
  ///   - cache: Empty.
  init(_ chain: SnapshotChain, plan: CachePlan, before end: Int, into cache: KVCache) {
    self.chain = chain
    self.cache = cache
    self.plan = plan
    self.end = end
    layers = (0..<cache.shape.layers).map { _ in DispatchGroup() }
    for layer in layers { layer.enter() }
    Parallel.whenIdle { self.loadNext() }
  }

  /// Waits until a layer is loaded, and loads others meanwhile.
  ///
  /// - Throws: The first error of any layer: `MalformedFile`, `SystemError`,
  ///   `CompressionNotStored`.
  func wait(for layer: Int) throws {
    while layers[layer].wait(timeout: .now()) == .timedOut, loadNext() {}
    layers[layer].wait()
    if let error = failure.withLock({ $0 }) { throw error }
  }

  /// Loads the next layer; false if none is left.
  private func loadNext() -> Bool {
    let layer = next.add(1, ordering: .relaxed).oldValue
    guard layer < layers.count else { return false }
    let decoder = decoders.withLock { $0.popLast() } ?? Decoder(chain)
    do {
      if failure.withLock({ $0 == nil }) {
        try plan.load(layer: layer, before: end, into: cache, with: &decoder.decoder)
      }
    } catch { failure.withLock { $0 = $0 ?? error } }
    decoders.withLock { $0.append(decoder) }
    layers[layer].leave()
    return true
  }
}
