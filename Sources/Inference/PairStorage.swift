import CKernels
import Glibc

/// The pairs of one KV head: keys and values in two stretches of the cache's memory, which never move.
@safe final class PairStorage: @unchecked Sendable {
  private let memory: Memory
  private let keyOffset: Int
  private let valueOffset: Int
  let capacity: Int
  /// Bytes of a key and of a value.
  let keySize, valueSize: Int
  /// The position of each pair, ascending.
  private var positions: [UInt32] = []

  /// Takes the `capacity * (keyBytes + valueBytes)` bytes of `memory` from `offset` on.
  init(in memory: Memory, at offset: Int, capacity: Int, keyBytes: Int, valueBytes: Int) {
    self.memory = memory
    self.capacity = capacity
    keyOffset = offset
    valueOffset = offset + capacity * keyBytes
    keySize = keyBytes
    valueSize = valueBytes
  }

  var count: Int { positions.count }

  var keys: UnsafeMutableRawPointer { unsafe memory.base + keyOffset }
  var values: UnsafeMutableRawPointer { unsafe memory.base + valueOffset }

  func gather(
    _ pairs: ArraySlice<UInt32>, keys newKeys: inout [UInt8], values newValues: inout [UInt8]
  ) {
    newKeys.reserveCapacity(newKeys.count + pairs.count * keySize)
    newValues.reserveCapacity(newValues.count + pairs.count * valueSize)
    for pair in pairs {
      precondition(pair < count)
      unsafe newKeys.append(
        contentsOf: UnsafeRawBufferPointer(start: keys + Int(pair) * keySize, count: keySize))
      unsafe newValues.append(
        contentsOf: UnsafeRawBufferPointer(start: values + Int(pair) * valueSize, count: valueSize))
    }
  }

  /// Makes `pairs` more count, of tokens from `position` on; `store` fills them.
  func grow(by pairs: Int, from position: Int) {
    precondition(count + pairs <= capacity, "the cache was made too small")
    positions += UInt32(position)..<UInt32(position + pairs)
  }

  /// For each of the last `tokens` pairs' tokens how many of the first pairs it does not see, if it sees
  /// `window` positions, its own included.
  func hidden(fromLast tokens: Int, window: Int) -> [Int] {
    var pair = 0
    return positions.suffix(tokens).map { position in
      while Int(positions[pair]) + window <= Int(position) { pair += 1 }
      return pair
    }
  }

  @unsafe func store(
    key: UnsafePointer<Float>, keyLength: Int, value: UnsafePointer<Float>, valueLength: Int,
    element: KVCache.Element, at pair: Int
  ) {
    precondition(pair >= 0 && pair < count)
    unsafe Self.store(key, keyLength, element, at: keys + pair * keySize)
    unsafe Self.store(value, valueLength, element, at: values + pair * valueSize)
  }

  func restore(_ positions: [UInt32]) {
    precondition(count == 0 && positions.count <= capacity)
    self.positions = positions
  }

  func withKeys(_ body: (inout MutableRawSpan) -> Void) {
    var span = unsafe MutableRawSpan(_unsafeStart: keys, byteCount: count * keySize)
    body(&span)
  }

  func withValues(_ body: (inout MutableRawSpan) -> Void) {
    var span = unsafe MutableRawSpan(_unsafeStart: values, byteCount: count * valueSize)
    body(&span)
  }

  @unsafe private static func store(
    _ source: UnsafePointer<Float>, _ length: Int, _ element: KVCache.Element,
    at target: UnsafeMutableRawPointer
  ) {
    switch element {
    case .f32:
      unsafe target.copyMemory(from: source, byteCount: length * MemoryLayout<Float>.stride)
    case .bf16:
      unsafe Kernels.current.table.pointee.narrow_bf16(
        source, target.assumingMemoryBound(to: UInt16.self), length)
    case .f16:
      unsafe Kernels.current.table.pointee.narrow(
        source, target.assumingMemoryBound(to: UInt16.self), length)
    }
  }
}
