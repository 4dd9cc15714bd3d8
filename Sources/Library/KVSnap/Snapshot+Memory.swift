import ByteIO
import CacheCodec
import CacheFormat

/// Where the pairs of a head go; nil for what is not wanted.
@unsafe package struct HeadMemory: @unchecked Sendable {
  /// [pairs]
  let positions: UnsafeMutablePointer<UInt32>?
  /// [pairs][key length]
  let keys: UnsafeMutableRawPointer?
  /// [pairs][value length]
  let values: UnsafeMutableRawPointer?

  /// Memory of the caller's, with room for the pairs that are read.
  package init(
    positions: UnsafeMutablePointer<UInt32>?, keys: UnsafeMutableRawPointer?,
    values: UnsafeMutableRawPointer?
  ) {
    unsafe (self.positions, self.keys, self.values) = (positions, keys, values)
  }

  fileprivate func memory(of tensor: ChunkTable.Tensor) -> UnsafeMutableRawPointer? {
    unsafe tensor == .keys ? keys : values
  }
}

extension Snapshot {
  /// Reads what a compression keeps of some layers into the caller's memory, on all processors.
  ///
  /// - Parameters:
  ///   - compression: N of ×N, or nil for all that is stored.
  ///   - asFloats: Whether numbers become float32; otherwise they are of the snapshot's own type.
  ///   - memory: [layers][kvHeads], with room for what `pairCounts` says.
  /// - Throws: `SnapshotError`.
  package func read(
    layers: Range<Int>, compression: Int?, asFloats: Bool, into memory: [HeadMemory]
  ) throws(SnapshotError) {
    try SnapshotError.translating {
      let firstLayer = layers.lowerBound
      _ = try concurrentMap(layers.count) { index in
        let heads = unsafe Array(memory[index * kvHeads..<(index + 1) * kvHeads])
        try unsafe readLayer(firstLayer + index, compression, asFloats, into: heads)
      }
    }
  }

  private func readLayer(
    _ layer: Int, _ compression: Int?, _ asFloats: Bool, into memory: [HeadMemory]
  ) throws {
    try select(layer, compression) { decoder, kept in
      for (head, positions) in kept.positions.enumerated() {
        unsafe memory[head].positions?.update(from: positions, count: positions.count)
      }
      for tensor in [ChunkTable.Tensor.keys, .values] {
        guard unsafe memory.contains(where: { unsafe $0.memory(of: tensor) != nil }) else {
          continue
        }
        if asFloats {
          try unsafe copyFloats(decoder.bytes(of: tensor, kept), tensor, kept, to: memory)
        } else {
          try unsafe decode(&decoder, tensor, kept, to: memory)
        }
      }
    }
  }

  /// Decodes straight into the caller's memory.
  private func decode(
    _ decoder: inout LayerDecoder, _ tensor: ChunkTable.Tensor, _ kept: KeptPairs,
    to memory: [HeadMemory]
  ) throws {
    let rowBytes = chain.metadata.context.rowBytes(of: tensor, layer: kept.layer)
    let counts = kept.positions.map(\.count)
    var unwanted: [UInt8] = []
    try decoder.decode(tensor, of: kept) { head, write in
      let size = counts[head] * rowBytes
      guard let target = unsafe memory[head].memory(of: tensor) else {
        unwanted = [UInt8](repeating: 0, count: size)
        var span = unwanted.mutableSpan
        var bytes = unsafe span.mutableBytes
        return write(&bytes)
      }
      var bytes = unsafe MutableRawSpan(_unsafeStart: target, byteCount: size)
      write(&bytes)
    }
  }

  private func copyFloats(
    _ heads: [[UInt8]], _ tensor: ChunkTable.Tensor, _ kept: KeptPairs, to memory: [HeadMemory]
  ) {
    for (head, bytes) in heads.enumerated() {
      guard let target = unsafe memory[head].memory(of: tensor) else { continue }
      let floats = chain.floats(
        bytes, of: tensor, layer: kept.layer, head: head, positions: kept.positions[head])
      unsafe floats.withUnsafeBytes { source in
        guard let start = source.baseAddress else { return }
        unsafe target.copyMemory(from: start, byteCount: source.count)
      }
    }
  }
}
