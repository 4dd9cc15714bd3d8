import CInferenceKernels
import Platform

/// The pairs of one KV head: keys and values in two stretches of the cache's memory, which never
/// move.
@safe final class HeadKVBuffer: @unchecked Sendable {
  private let memory: Memory
  private let keyOffset: Int
  private let valueOffset: Int
  let capacity: Int
  /// Bytes of a key and of a value.
  let keySize, valueSize: Int
  /// The position of each pair, ascending.
  private(set) var positions: [UInt32] = []

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

  /// Copies some pairs into an empty head of the same shape.
  func copy(_ pairs: [UInt32], into target: HeadKVBuffer) {
    precondition(keySize == target.keySize && valueSize == target.valueSize)
    target.restore(pairs.map { positions[Int($0)] })
    for (index, pair) in pairs.enumerated() {
      precondition(pair < count)
      unsafe (target.keys + index * keySize).copyMemory(
        from: keys + Int(pair) * keySize, byteCount: keySize)
      unsafe (target.values + index * valueSize).copyMemory(
        from: values + Int(pair) * valueSize, byteCount: valueSize)
    }
  }

  /// Copies all pairs into an empty head of the same shape. Pairs at the positions `tail` follow
  /// them, yet to be filled in.
  func copyAll(into target: HeadKVBuffer, tail: Range<UInt32>) {
    precondition(keySize == target.keySize && valueSize == target.valueSize)
    target.restore(positions + tail)
    unsafe target.keys.copyMemory(from: keys, byteCount: count * keySize)
    unsafe target.values.copyMemory(from: values, byteCount: count * valueSize)
  }

  /// Adds `pairs` pairs, of tokens from `position` on; `store` fills them.
  func grow(by pairs: Int, from position: Int) {
    precondition(count + pairs <= capacity, "the cache was made too small")
    positions += UInt32(position)..<UInt32(position + pairs)
  }

  /// The keys or the values, which begin at `data`, as the kernels read them.
  @unsafe func rows(at data: UnsafeMutableRawPointer, _ type: ck_type) -> ck_rows {
    unsafe ck_rows(data: data, type: type, bits: 0, scales: nil, minima: nil, groups: nil)
  }

  /// How many of the first of the `last` pairs a token at `next` does not see, if it sees `window`
  /// positions, its own included.
  func outOfWindow(fromNext next: Int, window: Int, last: Int) -> Int {
    positions.suffix(last).prefix { Int($0) + window <= next }.count
  }

  @unsafe func store(
    key: UnsafePointer<Float>, keyLength: Int, value: UnsafePointer<Float>, valueLength: Int,
    dtype: KVCache.DType, at pair: Int
  ) {
    precondition(pair >= 0 && pair < count)
    unsafe dtype.store(key, keyLength, at: keys + pair * keySize)
    unsafe dtype.store(value, valueLength, at: values + pair * valueSize)
  }

  /// Changes some keys as floats; different pairs may be changed by different threads.
  ///
  /// - Returns: Whether elements hold all of them.
  @unsafe func updateKeys(
    _ pairs: Range<Int>, length: Int, dtype: KVCache.DType,
    _ change: (_ pair: Int, _ key: UnsafeMutablePointer<Float>) -> Void
  ) -> Bool {
    precondition(pairs.lowerBound >= 0 && pairs.upperBound <= count)
    let rows = unsafe rows(at: keys, dtype.kernelType)
    var floats = unsafe Kernels.current.decode(rows, pairs, length: length)
    return unsafe floats.withUnsafeMutableBufferPointer { floats in
      guard let base = floats.baseAddress else { return true }
      for (index, pair) in pairs.enumerated() {
        unsafe change(pair, base + index * length)
        unsafe dtype.store(base + index * length, length, at: keys + pair * keySize)
      }
      return unsafe Kernels.current.isWithin(base, floats.count, limit: dtype.limit)
    }
  }

  func restore(_ positions: [UInt32]) {
    precondition(count == 0 && positions.count <= capacity)
    self.positions = positions
  }

  /// Keeps some pairs, given in ascending order, and gives the memory of the others back.
  func keep(_ pairs: [Int]) {
    for (index, pair) in pairs.enumerated() {
      precondition(pair >= index && pair < count, "pairs in ascending order")
      guard pair > index else { continue }
      unsafe (keys + index * keySize).copyMemory(
        from: keys + pair * keySize, byteCount: keySize)
      unsafe (values + index * valueSize).copyMemory(
        from: values + pair * valueSize, byteCount: valueSize)
    }
    memory.release(keyOffset + pairs.count * keySize..<keyOffset + count * keySize)
    memory.release(valueOffset + pairs.count * valueSize..<valueOffset + count * valueSize)
    positions = pairs.map { positions[$0] }
  }

  /// Removes the last pairs. Their memory stays, since others usually follow.
  func removeLast(_ pairs: Int) { positions.removeLast(pairs) }

  private static let keysAtOnce = 256

  /// products[i] = ⟨key i, x⟩ for the first `pairs` keys.
  @unsafe func multiplyKeys(
    _ pairs: Int, type: ck_type, length: Int, by x: UnsafePointer<Float>,
    into products: UnsafeMutablePointer<Float>
  ) {
    precondition(pairs <= count)
    unsafe withUnsafeTemporaryAllocation(
      of: UnsafeRawPointer?.self, capacity: Self.keysAtOnce
    ) { rows in
      for start in stride(from: 0, to: pairs, by: Self.keysAtOnce) {
        let size = min(Self.keysAtOnce, pairs - start)
        for index in 0..<size {
          unsafe rows.initializeElement(
            at: index, to: UnsafeRawPointer(keys + (start + index) * keySize))
        }
        guard let base = rows.baseAddress else { return }
        unsafe Kernels.current.dot(
          ck_dot(
            type: type, rows: base, count: size, depth: length, x: x, y: products + start))
      }
    }
  }

  func withKeys(_ body: (inout MutableRawSpan) -> Void) {
    var span = unsafe MutableRawSpan(_unsafeStart: keys, byteCount: count * keySize)
    body(&span)
  }

  func withValues(_ body: (inout MutableRawSpan) -> Void) {
    var span = unsafe MutableRawSpan(_unsafeStart: values, byteCount: count * valueSize)
    body(&span)
  }
}
