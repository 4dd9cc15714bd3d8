import CacheCodec
import CacheFormat
import Dispatch
import FoundationEssentials
import Inference
import Synchronization

/// Loads a snapshot's layers into a cache on all cores, first layers first, so that the engine can
/// compute with those that are there while others still load.
final class CacheLoader: Sendable {
  private let reader: SnapshotReader
  private let cache: KVCache
  private let compression: Int?
  private let end: Int
  /// Each is entered until its layer is loaded, or will never be.
  private let layers: [DispatchGroup]
  private let next = Atomic<Int>(0)
  private let failure = Mutex<(any Error)?>(nil)

  /// Begins to load what a compression keeps of the positions before `end`.
  ///
  /// - Parameters:
  ///   - compression: ×N, or nil for the whole cache.
  ///   - cache: Empty, of the snapshot's shape and precision, with room for those pairs.
  init(_ reader: SnapshotReader, compression: Int?, before end: Int, into cache: KVCache) {
    self.reader = reader
    self.cache = cache
    self.compression = compression
    self.end = end
    layers = (0..<cache.shape.layers).map { _ in DispatchGroup() }
    for layer in layers { layer.enter() }
    for _ in 0..<ProcessInfo.processInfo.activeProcessorCount {
      DispatchQueue.global(qos: .userInitiated).async { self.work() }
    }
  }

  /// Waits until a layer is loaded.
  ///
  /// - Throws: What went wrong with it or with another one: `MalformedFile`, `SystemError`,
  ///   `CompressionNotStored`.
  func wait(for layer: Int) throws {
    layers[layer].wait()
    if let error = failure.withLock({ $0 }) { throw error }
  }

  private func work() {
    var decoder = LayerDecoder(reader)
    while true {
      let layer = next.add(1, ordering: .relaxed).oldValue
      guard layer < layers.count else { return }
      do {
        if failure.withLock({ $0 == nil }) { try load(layer, &decoder) }
      } catch { failure.withLock { $0 = $0 ?? error } }
      layers[layer].leave()
    }
  }

  private func load(_ layer: Int, _ decoder: inout LayerDecoder) throws {
    let selection = try decoder.select(layer: layer, ratio: compression, before: end)
    for (head, positions) in selection.positions.enumerated() {
      cache.restore(layer: layer, head: head, positions: positions)
    }
    try decoder.decode(.keys, of: selection) { head, write in
      cache.withKeys(layer: layer, head: head, write)
    }
    try decoder.decode(.values, of: selection) { head, write in
      cache.withValues(layer: layer, head: head, write)
    }
  }
}
