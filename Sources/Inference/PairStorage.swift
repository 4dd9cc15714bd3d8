import CKernels
import Glibc

/// The pairs of one KV head: keys and values side by side in two blocks of memory that never move.
@safe final class PairStorage: @unchecked Sendable {
  private let keyMemory: Memory
  private let valueMemory: Memory
  let capacity: Int
  /// Bytes of a key and of a value.
  let keySize, valueSize: Int
  private(set) var count = 0

  init(capacity: Int, keyBytes: Int, valueBytes: Int) throws(EngineError) {
    self.capacity = capacity
    keySize = keyBytes
    valueSize = valueBytes
    let (bytes, overflow) = capacity.multipliedReportingOverflow(by: max(keyBytes, valueBytes))
    guard !overflow else { throw .outOfMemory(bytes: bytes) }
    keyMemory = try Memory(capacity * keyBytes)
    valueMemory = try Memory(capacity * valueBytes)
  }

  var keys: UnsafeMutableRawPointer { unsafe keyMemory.base }
  var values: UnsafeMutableRawPointer { unsafe valueMemory.base }

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

  func restore(count pairs: Int, keys newKeys: [UInt8], values newValues: [UInt8]) {
    precondition(count == 0 && pairs <= capacity)
    precondition(pairs * keySize <= newKeys.count && pairs * valueSize <= newValues.count)
    unsafe Self.copy(newKeys, pairs * keySize, to: keys)
    unsafe Self.copy(newValues, pairs * valueSize, to: values)
    count = pairs
  }

  @unsafe private static func copy(
    _ bytes: [UInt8], _ count: Int, to target: UnsafeMutableRawPointer
  ) {
    unsafe bytes.withUnsafeBytes { source in
      unsafe UnsafeMutableRawBufferPointer(start: target, count: count)
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<count]))
    }
  }

  @unsafe private static func store(
    _ source: UnsafePointer<Float>, _ length: Int, _ element: KVCache.Element,
    at target: UnsafeMutableRawPointer
  ) {
    switch element {
    case .f32:
      unsafe target.copyMemory(from: source, byteCount: length * MemoryLayout<Float>.stride)
    case .f16:
      unsafe Kernels.current.table.pointee.narrow(
        source, target.assumingMemoryBound(to: UInt16.self), length)
    }
  }
}
