/// Retention: keeps, copies, removes and restores pairs.
extension KVCache {
  /// Gives an empty head saved pairs at some positions, in ascending order; `withKeys` and
  /// `withValues` fill them in.
  public func restore(layer: Int, head: Int, positions: [UInt32]) {
    storage(layer, head).restore(positions)
  }

  /// Gives an empty head pairs at some positions, in ascending order, which are rounded to
  /// elements.
  ///
  /// - Parameters:
  ///   - keys: [positions × keyLength].
  ///   - values: [positions × valueLength].
  /// - Throws: `EngineError.notFinite` or `.beyondRange` if a number cannot be held.
  public func restore(
    layer: Int, head: Int, positions: [UInt32], keys: [Float], values: [Float]
  ) throws(EngineError) {
    precondition(keys.count == positions.count * shape.keyLength)
    precondition(values.count == positions.count * shape.valueLength)
    let storage = storage(layer, head)
    storage.restore(positions)
    let areKeysHeld = unsafe Self.store(keys, at: storage.keys, dtype)
    let areValuesHeld = unsafe Self.store(values, at: storage.values, dtype)
    guard areKeysHeld, areValuesHeld else {
      throw (keys + values).allSatisfy(\.isFinite) ? .beyondRange(dtype, layer: layer) : .notFinite
    }
  }

  /// Whether elements hold all of the numbers.
  @unsafe private static func store(
    _ numbers: [Float], at target: UnsafeMutableRawPointer, _ dtype: DType
  ) -> Bool {
    unsafe numbers.withUnsafeBufferPointer { numbers in
      guard let base = numbers.baseAddress else { return true }
      unsafe dtype.store(base, numbers.count, at: target)
      return unsafe Kernels.current.isWithin(base, numbers.count, limit: dtype.limit)
    }
  }

  /// Keeps some of a head's pairs, given by their place in ascending order; the memory of the
  /// others goes back to the system.
  public func keep(layer: Int, head: Int, pairs: [Int]) { elements(layer, head).keep(pairs) }

  /// A cache that holds some of this one's pairs and continues at the same position.
  ///
  /// - Parameters:
  ///   - places: [layers · kvHeads], the places of a head's pairs, ascending.
  ///   - room: How many more pairs each head has room for.
  /// - Throws: `EngineError.outOfMemory`.
  public func copy(keeping places: [[UInt32]], room: Int) throws(EngineError) -> KVCache {
    let copy = try KVCache(
      shape: shape, dtype: dtype, capacities: places.map { $0.count + room })
    for (index, places) in places.enumerated() {
      let (layer, head) = index.quotientAndRemainder(dividingBy: shape.kvHeads)
      elements(layer, head).copy(places, into: copy.heads[index])
    }
    copy.continue(at: nextPosition)
    return copy
  }

  /// Copies all pairs of a head into another cache's empty one. Pairs at the positions `tail`
  /// follow them, yet to be filled in.
  public func copy(layer: Int, head: Int, into target: KVCache, tail: Range<UInt32>) {
    elements(layer, head).copyAll(into: target.storage(layer, head), tail: tail)
  }

  /// Copies some of a head's pairs, given by their place in ascending order, into another cache's
  /// empty one.
  package func copy(layer: Int, head: Int, pairs: [UInt32], into target: KVCache) {
    elements(layer, head).copy(pairs, into: target.elements(layer, head))
  }

  /// Removes the last tokens' pairs; the next token takes the first one's position.
  public func removeLast(_ tokens: Int) {
    for storage in heads { storage.removeLast(tokens) }
    nextPosition -= tokens
  }

  /// Removes the last pairs of one layer, of tokens that are not counted yet.
  func removeUncounted(_ tokens: Int, layer: Int) {
    for head in 0..<shape.kvHeads { storage(layer, head).removeLast(tokens) }
  }

  /// A head's keys, [pairs × keyLength] elements of this cache's type in order of position.
  ///
  /// Different threads may write different heads; nobody else may use a head until then.
  public func withKeys(layer: Int, head: Int, _ body: (inout MutableRawSpan) -> Void) {
    storage(layer, head).withKeys(body)
  }

  /// A head's values, likewise.
  public func withValues(layer: Int, head: Int, _ body: (inout MutableRawSpan) -> Void) {
    storage(layer, head).withValues(body)
  }
}
