import CInferenceKernels

/// Views: the pairs as attention and files read them.
extension KVCache {
  /// Appends the bytes of some of a head's pairs, in the requested order, as elements. A head's
  /// pairs in precisions of their own come before the others.
  public func gather(
    layer: Int, head: Int, pairs: ArraySlice<UInt32>, keys: inout [UInt8], values: inout [UInt8]
  ) {
    let parts = quantised(layer: layer, head: head)
    guard !parts.isEmpty else {
      return storage(layer, head).gather(pairs, keys: &keys, values: &values)
    }
    for pair in pairs {
      var index = pair
      let part = parts.first { part in
        guard index >= part.count else { return true }
        index -= UInt32(part.count)
        return false
      }
      if let part {
        part.gather(Int(index), keys: &keys, values: &values)
      } else {
        storage(layer, head).gather([index], keys: &keys, values: &values)
      }
    }
  }

  /// The positions of a head's pairs in the order of their places. Pairs in precisions of their own
  /// come before the others, and within each form positions ascend.
  public func positions(layer: Int, head: Int) -> [UInt32] {
    quantised(layer: layer, head: head).flatMap(\.positions) + storage(layer, head).positions
  }

  /// A head's keys as floats, [pairs × keyLength], in the same order.
  ///
  /// - Parameter first: How many first pairs are left out.
  public func decodedKeys(layer: Int, head: Int, after first: Int = 0) -> [Float] {
    ranges(layer: layer, head: head, after: first).flatMap { part, pairs in
      unsafe Kernels.current.decode(part.keys, pairs, length: shape.keyLength)
    }
  }

  /// A head's values as floats, [pairs × valueLength], in the same order.
  ///
  /// - Parameter first: How many first pairs are left out.
  public func decodedValues(layer: Int, head: Int, after first: Int = 0) -> [Float] {
    ranges(layer: layer, head: head, after: first).flatMap { part, pairs in
      unsafe Kernels.current.decode(part.values, pairs, length: shape.valueLength)
    }
  }

  /// A head's parts, and which of their pairs come after its first ones.
  private func ranges(layer: Int, head: Int, after first: Int) -> [(KVView, Range<Int>)] {
    var rest = first
    return parts(layer: layer, head: head, count: 0, window: nil).map { part in
      let start = min(rest, part.count)
      rest -= start
      return (part, start..<part.count)
    }
  }

  /// How many of a head's first pairs no later token sees.
  ///
  /// - Parameters:
  ///   - window: How many tokens one of the layer sees, itself included; nil for all before it.
  ///   - last: How many last pairs are looked at.
  public func pairsOutOfWindow(layer: Int, head: Int, window: Int?, last: Int = .max) -> Int {
    window.map { storage(layer, head).outOfWindow(fromNext: nextPosition, window: $0, last: last) }
      ?? 0
  }

  /// A head's pairs, part by part; the last `count` pairs, in the last part, are those of new
  /// tokens.
  func parts(layer: Int, head: Int, count: Int, window: Int?) -> [KVView] {
    let own = storage(layer, head)
    let tokens = own.positions.suffix(count)
    func outOfWindow(_ positions: [UInt32]) -> [Int] {
      window.map { KVView.outOfWindow(positions, from: tokens, window: $0) } ?? []
    }
    let quantised = quantised(layer: layer, head: head).map { part in
      unsafe KVView(
        keys: part.keys.kernelRows, values: part.values.kernelRows, count: part.count,
        before: part.count,
        outOfWindow: outOfWindow(part.positions))
    }
    let elements = unsafe KVView(
      keys: own.rows(at: own.keys, kernelType), values: own.rows(at: own.values, kernelType),
      count: own.count, before: own.count - count, outOfWindow: outOfWindow(own.positions))
    return quantised + [elements]
  }
}
