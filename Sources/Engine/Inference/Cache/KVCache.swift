import CInferenceKernels
import Synchronization

/// The keys and values of one context, per layer and KV head, keys after RoPE in half-split order.
///
/// Heads may hold different numbers of pairs (a compressed cache is ragged); within a head, pairs
/// are in order of position. New tokens continue at `nextPosition`, which does not depend on how
/// many pairs are held. Some pairs may be held in a precision of their own (`QuantisedKV`), as a
/// snapshot has them; those cannot be dropped.
///
/// This file is the storage: memory, positions, and appending. `KVCache+View.swift` is what
/// attention and files read, `KVCache+Retention.swift` which pairs stay.
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
  public let dtype: DType
  /// The position of the next token.
  public internal(set) var nextPosition = 0
  let heads: [HeadKVBuffer]
  /// [layers · kvHeads], or empty.
  private let quantised: [[QuantisedKV]]

  /// An empty cache with room for `capacity` pairs in each head.
  ///
  /// - Throws: `EngineError.outOfMemory`.
  public convenience init(
    shape: Shape, dtype: DType, capacity: Int
  ) throws(EngineError) {
    let counts = [Int](repeating: capacity, count: shape.layers * shape.kvHeads)
    try self.init(shape: shape, dtype: dtype, capacities: counts)
  }

  /// An empty cache with room for `capacities[layer * kvHeads + head]` pairs.
  ///
  /// - Parameter quantised: [layers · kvHeads], room for pairs in other precisions in addition; or
  ///   empty.
  /// - Throws: `EngineError.outOfMemory`.
  public init(
    shape: Shape, dtype: DType, capacities: [Int], quantised: [[QuantisedKV.Shape]] = []
  ) throws(EngineError) {
    precondition(capacities.count == shape.layers * shape.kvHeads)
    precondition(quantised.isEmpty || quantised.count == capacities.count)
    self.shape = shape
    self.dtype = dtype
    let (keyBytes, valueBytes) = (shape.keyLength * dtype.size, shape.valueLength * dtype.size)
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
    self.quantised = try QuantisedKV.allocate(quantised, of: shape, dtype: dtype)
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

  /// A head's pairs in precisions of their own, to be filled in, as the cache was made with room
  /// for them.
  ///
  /// Different threads may write different heads; nobody else may use a head until then.
  public func quantised(layer: Int, head: Int) -> [QuantisedKV] {
    quantised.isEmpty ? [] : quantised[layer * shape.kvHeads + head]
  }

  /// Appends the pairs of new tokens, one a row, to one layer, after a transform: keys are stored
  /// after RoPE. Both happen in one pass over the rows, on all cores.
  ///
  /// - Parameter transform: Called with each token's row before its pairs are taken from it.
  /// - Throws: `EngineError.notFinite` or `.beyondRange` if a number cannot be held.
  func appendFused(
    layer: Int, keys: Matrix, values: Matrix, rows: Range<Int>,
    transform: @Sendable (_ row: Int) -> Void
  ) throws(EngineError) {
    for head in 0..<shape.kvHeads { storage(layer, head).grow(by: rows.count, from: nextPosition) }
    let fits = Parallel.allSatisfy(rangesOf: rows.count, size: Self.tokensPerItem) { tokens in
      var fits = true
      for token in tokens {
        let row = rows.lowerBound + token
        transform(row)
        fits = holds(row, of: keys, values, limit: dtype.limit) && fits
        for head in 0..<shape.kvHeads {
          let storage = storage(layer, head)
          unsafe storage.store(
            key: keys.pointer(row: row) + head * shape.keyLength, keyLength: shape.keyLength,
            value: values.pointer(row: row) + head * shape.valueLength,
            valueLength: shape.valueLength, dtype: dtype, at: storage.count - rows.count + token)
        }
      }
      return fits
    }
    guard !fits else { return }
    let isFinite = rows.allSatisfy {
      holds($0, of: keys, values, limit: .greatestFiniteMagnitude)
    }
    throw isFinite ? .beyondRange(dtype, layer: layer) : .notFinite
  }

  private func holds(_ row: Int, of keys: Matrix, _ values: Matrix, limit: Float) -> Bool {
    let kernels = Kernels.current
    return unsafe kernels.isWithin(keys.pointer(row: row), keys.columns, limit: limit)
      && kernels.isWithin(values.pointer(row: row), values.columns, limit: limit)
  }

  private static let tokensPerItem = 8

  /// Counts tokens whose pairs all layers have appended.
  func advance(by tokens: Int) { nextPosition += tokens }

  /// Sets the position of the next token.
  public func `continue`(at position: Int) { nextPosition = position }

  func storage(_ layer: Int, _ head: Int) -> HeadKVBuffer { heads[layer * shape.kvHeads + head] }

  /// The storage of a head that holds nothing in other precisions.
  func elements(_ layer: Int, _ head: Int) -> HeadKVBuffer {
    precondition(quantised(layer: layer, head: head).isEmpty, "pairs that are not elements")
    return storage(layer, head)
  }

  var kernelType: ck_type { dtype.kernelType }
}
