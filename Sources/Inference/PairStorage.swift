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
  private(set) var count = 0

  /// Takes the `capacity * (keyBytes + valueBytes)` bytes of `memory` from `offset` on.
  init(in memory: Memory, at offset: Int, capacity: Int, keyBytes: Int, valueBytes: Int) {
    self.memory = memory
    self.capacity = capacity
    keyOffset = offset
    valueOffset = offset + capacity * keyBytes
    keySize = keyBytes
    valueSize = valueBytes
  }

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

  /// Makes `pairs` more count, which `store` fills.
  func grow(by pairs: Int) {
    precondition(count + pairs <= capacity, "the cache was made too small")
    count += pairs
  }

  @unsafe func store(
    key: UnsafePointer<Float>, keyLength: Int, value: UnsafePointer<Float>, valueLength: Int,
    element: KVCache.Element, at pair: Int
  ) {
    precondition(pair >= 0 && pair < count)
    unsafe Self.store(key, keyLength, element, at: keys + pair * keySize)
    unsafe Self.store(value, valueLength, element, at: values + pair * valueSize)
  }

  func restore(count pairs: Int) {
    precondition(count == 0 && pairs <= capacity)
    count = pairs
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
