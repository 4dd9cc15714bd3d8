import CInferenceKernels
import Synchronization

/// The keys and values of one context, per layer and KV head, keys after RoPE in half-split order.
///
/// Heads may hold different numbers of pairs (a compressed cache is ragged); within a head, pairs
/// stand in order of position. New tokens continue at `nextPosition`, which does not depend on how
/// many pairs are held. Some pairs may be held in a precision of their own (`QuantisedKV`), as a snapshot
/// has them; those cannot be let go.
public final class KVCache: @unchecked Sendable {
  /// The shape of a cache.
  public struct Shape: Sendable, Equatable {
    /// Layers of the model.
    public var layers: Int
    /// KV heads in a layer.
    public var kvHeads: Int
    /// Elements of a key.
    public var keyLength: Int
    /// Elements of a value.
    public var valueLength: Int

    /// A shape of that many layers and heads.
    public init(layers: Int, kvHeads: Int, keyLength: Int, valueLength: Int) {
      self.layers = layers
      self.kvHeads = kvHeads
      self.keyLength = keyLength
      self.valueLength = valueLength
    }
  }

  /// The cache's shape.
  public let shape: Shape
  /// How keys and values are held.
  public let element: DType
  /// The position of the next token.
  public private(set) var nextPosition = 0
  private var heads: [HeadKVBuffer]
  /// [layers · kvHeads], or nothing.
  private let quantised: [[QuantisedKV]]

  /// An empty cache with room for `capacity` pairs in each head.
  ///
  /// - Throws: `EngineError.outOfMemory`.
  public convenience init(
    shape: Shape, element: DType, capacity: Int
  ) throws(EngineError) {
    let counts = [Int](repeating: capacity, count: shape.layers * shape.kvHeads)
    try self.init(shape: shape, element: element, capacities: counts)
  }

  /// An empty cache with room for `capacities[layer * kvHeads + head]` pairs.
  ///
  /// - Parameter quantised: [layers · kvHeads], room for pairs in other precisions beside those; or nothing.
  /// - Throws: `EngineError.outOfMemory`.
  public init(
    shape: Shape, element: DType, capacities: [Int], quantised: [[QuantisedKV.Shape]] = []
  ) throws(EngineError) {
    precondition(capacities.count == shape.layers * shape.kvHeads)
    precondition(quantised.isEmpty || quantised.count == capacities.count)
    self.shape = shape
    self.element = element
    let (keyBytes, valueBytes) = (shape.keyLength * element.size, shape.valueLength * element.size)
    var offsets = [0]
    for capacity in capacities {
      let (bytes, isTooMuch) = capacity.multipliedReportingOverflow(by: keyBytes + valueBytes)
      let (end, isBeyond) = offsets[offsets.count - 1].addingReportingOverflow(bytes)
      guard !isTooMuch, !isBeyond else { throw .outOfMemory(bytes: .max) }
      offsets.append(end)
    }
    let memory = try Memory(offsets[capacities.count])
    heads = capacities.indices.map {
      HeadKVBuffer(
        in: memory, at: offsets[$0], capacity: capacities[$0], keyBytes: keyBytes,
        valueBytes: valueBytes)
    }
    self.quantised = try QuantisedKV.allocate(quantised, of: shape, element: element)
  }

  /// How many pairs a head holds.
  public func count(layer: Int, head: Int) -> Int {
    quantised(layer: layer, head: head).reduce(storage(layer, head).count) { $0 + $1.count }
  }

  /// How many pairs all heads of all layers hold together.
  public var pairs: Int {
    heads.reduce(0) { $0 + $1.count } + quantised.joined().reduce(0) { $0 + $1.count }
  }

  /// The most pairs that any head has room for.
  public var capacity: Int { heads.reduce(0) { max($0, $1.capacity) } }

  /// How many bytes the keys and values of those pairs take, as they are held.
  public var bytes: Int {
    heads.reduce(0) { $0 + $1.count * ($1.keySize + $1.valueSize) }
      + quantised.joined().reduce(0) { $0 + $1.bytes }
  }

  /// A head's pairs in precisions of their own, to be filled in, as the cache was made with room for them.
  ///
  /// Different heads may be written by different threads; nobody else may use the head meanwhile.
  public func quantised(layer: Int, head: Int) -> [QuantisedKV] {
    quantised.isEmpty ? [] : quantised[layer * shape.kvHeads + head]
  }

  /// Appends the bytes of some of a head's pairs, in the order asked for, as elements. A head's pairs in
  /// precisions of their own come before the others.
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

  /// The positions of a head's pairs in the order of their places: those in precisions of their own come
  /// before the others, and of each form positions ascend.
  public func positions(layer: Int, head: Int) -> [UInt32] {
    quantised(layer: layer, head: head).flatMap(\.positions) + storage(layer, head).positions
  }

  /// A head's keys as floats, [pairs × keyLength], in the same order.
  ///
  /// - Parameter first: So many first pairs are left out.
  public func decodedKeys(layer: Int, head: Int, after first: Int = 0) -> [Float] {
    var rest = first
    return parts(layer: layer, head: head, count: 0, window: nil).flatMap { part in
      let start = min(rest, part.count)
      rest -= start
      return unsafe Kernels.current.decode(
        part.keys, start..<part.count, length: shape.keyLength)
    }
  }

  /// A head's values as floats, [pairs × valueLength], in the same order.
  public func decodedValues(layer: Int, head: Int) -> [Float] {
    parts(layer: layer, head: head, count: 0, window: nil).flatMap { part in
      unsafe Kernels.current.decode(part.values, 0..<part.count, length: shape.valueLength)
    }
  }

  /// How many of a head's first pairs no later token sees.
  ///
  /// - Parameters:
  ///   - window: How many tokens one of the layer sees, itself included; nil for all before it.
  ///   - last: Only so many last pairs are asked about.
  public func pairsOutOfWindow(layer: Int, head: Int, window: Int?, last: Int = .max) -> Int {
    window.map { storage(layer, head).outOfWindow(fromNext: nextPosition, window: $0, last: last) }
      ?? 0
  }

  /// Gives an empty head the pairs that were saved of some positions, in ascending order; `withKeys` and
  /// `withValues` fill them in.
  public func restore(layer: Int, head: Int, positions: [UInt32]) {
    storage(layer, head).restore(positions)
  }

  /// Keeps some of a head's pairs, named by their place in ascending order; the memory of the others
  /// goes back to the system.
  public func keep(layer: Int, head: Int, pairs: [Int]) { elements(layer, head).keep(pairs) }

  /// A cache that holds some of this one's pairs and goes on at the same position.
  ///
  /// - Parameters:
  ///   - places: [layers · kvHeads], the places of a head's pairs, ascending.
  ///   - room: So many more pairs a head may be appended.
  /// - Throws: `EngineError.outOfMemory`.
  public func copy(keeping places: [[UInt32]], room: Int) throws(EngineError) -> KVCache {
    let copy = try KVCache(
      shape: shape, element: element, capacities: places.map { $0.count + room })
    for (index, places) in places.enumerated() {
      let (layer, head) = index.quotientAndRemainder(dividingBy: shape.kvHeads)
      elements(layer, head).copy(places, into: copy.heads[index])
    }
    copy.continue(at: nextPosition)
    return copy
  }

  /// Copies all pairs of a head into another cache's empty one, with pairs at the positions `tail` behind
  /// them that are yet to be filled in.
  public func copy(layer: Int, head: Int, into target: KVCache, tail: Range<UInt32>) {
    elements(layer, head).copyAll(into: target.storage(layer, head), tail: tail)
  }

  /// Takes back the last tokens that were computed.
  public func removeLast(_ tokens: Int) {
    for storage in heads { storage.keep(Array(0..<storage.count - tokens)) }
    nextPosition -= tokens
  }

  /// A head's keys, [pairs × keyLength] elements of this cache's type in order of position.
  ///
  /// Different heads may be written by different threads; nobody else may use the head meanwhile.
  public func withKeys(layer: Int, head: Int, _ body: (inout MutableRawSpan) -> Void) {
    storage(layer, head).withKeys(body)
  }

  /// A head's values, likewise.
  public func withValues(layer: Int, head: Int, _ body: (inout MutableRawSpan) -> Void) {
    storage(layer, head).withValues(body)
  }

  /// Says at which position the next token stands.
  public func `continue`(at position: Int) { nextPosition = position }

  /// Appends the pairs of new tokens, one a row, to one layer. `prepare` is called with each token's row
  /// before its pairs are taken, on all cores.
  ///
  /// - Throws: `EngineError.notFinite` or `.beyondRange` if a number cannot be held.
  func append(
    layer: Int, keys: Matrix, values: Matrix, rows: Range<Int>, prepare: @Sendable (Int) -> Void
  ) throws(EngineError) {
    let fits = Mutex(true)
    for head in 0..<shape.kvHeads { storage(layer, head).grow(by: rows.count, from: nextPosition) }
    Parallel.forEachRange(of: rows.count, size: Self.tokensPerItem) { _, tokens in
      for token in tokens {
        let row = rows.lowerBound + token
        prepare(row)
        if !holds(row, of: keys, values, limit: element.limit) { fits.withLock { $0 = false } }
        for head in 0..<shape.kvHeads {
          let storage = storage(layer, head)
          unsafe storage.store(
            key: keys.pointer(row: row) + head * shape.keyLength, keyLength: shape.keyLength,
            value: values.pointer(row: row) + head * shape.valueLength,
            valueLength: shape.valueLength, element: element, at: storage.count - rows.count + token
          )
        }
      }
    }
    guard !fits.withLock({ $0 }) else { return }
    let isFinite = rows.allSatisfy {
      holds($0, of: keys, values, limit: .greatestFiniteMagnitude)
    }
    throw isFinite ? .beyondRange(element, layer: layer) : .notFinite
  }

  private func holds(_ row: Int, of keys: Matrix, _ values: Matrix, limit: Float) -> Bool {
    let kernels = Kernels.current
    return unsafe kernels.isWithin(keys.pointer(row: row), keys.columns, limit: limit)
      && kernels.isWithin(values.pointer(row: row), values.columns, limit: limit)
  }

  private static let tokensPerItem = 8

  func advance(by tokens: Int) { nextPosition += tokens }

  func storage(_ layer: Int, _ head: Int) -> HeadKVBuffer { heads[layer * shape.kvHeads + head] }

  /// The same of a head that holds nothing in other precisions.
  func elements(_ layer: Int, _ head: Int) -> HeadKVBuffer {
    precondition(quantised(layer: layer, head: head).isEmpty, "pairs that are not elements")
    return storage(layer, head)
  }

  var kernelType: ck_type { element.kernelType }
}
