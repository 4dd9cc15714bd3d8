import CKernels
import Glibc

/// The pairs of one KV head: keys and values side by side in two blocks of memory that never move.
///
/// The memory is reserved for the full capacity, but the system provides pages only as they fill.
@safe final class PairStorage: @unchecked Sendable {
  let keys: UnsafeMutableRawPointer
  let values: UnsafeMutableRawPointer
  let capacity: Int
  private let keySize: Int
  private let valueSize: Int
  private(set) var count = 0

  init(capacity: Int, keyBytes: Int, valueBytes: Int) {
    self.capacity = capacity
    keySize = keyBytes
    valueSize = valueBytes
    unsafe keys = .allocate(byteCount: max(1, capacity * keyBytes), alignment: 64)
    unsafe values = .allocate(byteCount: max(1, capacity * valueBytes), alignment: 64)
  }

  deinit {
    unsafe keys.deallocate()
    unsafe values.deallocate()
  }

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

  @unsafe func append(
    key: UnsafePointer<Float>, keyLength: Int, value: UnsafePointer<Float>, valueLength: Int,
    element: KVCache.Element
  ) {
    precondition(count < capacity, "the cache was made too small")
    unsafe Self.store(key, keyLength, element, at: keys + count * keySize)
    unsafe Self.store(value, valueLength, element, at: values + count * valueSize)
    count += 1
  }

  func restore(keys newKeys: [UInt8], values newValues: [UInt8]) {
    let pairs = newKeys.count / keySize
    precondition(count == 0 && pairs <= capacity && newKeys.count == pairs * keySize)
    precondition(newValues.count == pairs * valueSize)
    unsafe newKeys.withUnsafeBytes { source in
      unsafe UnsafeMutableRawBufferPointer(start: keys, count: source.count).copyMemory(
        from: source)
    }
    unsafe newValues.withUnsafeBytes { source in
      unsafe UnsafeMutableRawBufferPointer(start: values, count: source.count)
        .copyMemory(from: source)
    }
    count = pairs
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
