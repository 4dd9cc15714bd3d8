import CInferenceKernels

/// Some of a head's pairs in a precision of their own: keys or values, or both, as codes, each a
/// number of steps above a minimum. They are in order of position, and none are added.
@safe public final class QuantisedKV: @unchecked Sendable {
  /// How numbers are held.
  public enum Form: Sendable, Equatable {
    /// As the cache's own elements.
    case elements
    /// As codes from 0 to 255.
    case int8
    /// As codes from 0 to 15.
    case int4

    var bits: UInt32 {
      switch self {
      case .elements: 0
      case .int8: 8
      case .int4: 4
      }
    }
  }

  /// What there is room for.
  public struct Shape: Sendable, Equatable {
    /// How keys are held; codes have a scale and a minimum for each element of each group of keys.
    public var keys: Form
    /// How values are held; codes have a scale and a minimum for each value.
    public var values: Form
    /// How many pairs.
    public var pairs: Int
    /// How many groups of keys.
    public var groups: Int

    /// Room for `pairs` pairs and `groups` groups.
    public init(keys: Form, values: Form, pairs: Int, groups: Int) {
      self.keys = keys
      self.values = values
      self.pairs = pairs
      self.groups = groups
    }
  }

  /// The keys and the values.
  public let keys, values: KVRows
  /// The position of each pair, ascending.
  public private(set) var positions: [UInt32] = []

  /// Takes `KVRows.bytes` of both from `memory`, from `offset` on.
  init(
    _ shape: Shape, of cache: KVCache.Shape, dtype: KVCache.DType, in memory: Memory,
    at offset: Int
  ) {
    keys = KVRows(
      Self.layout(ofKeys: shape, cache, dtype), in: memory, at: offset)
    values = KVRows(
      Self.layout(ofValues: shape, cache, dtype), in: memory, at: offset + keys.layout.end)
  }

  /// How many bytes of memory such pairs take.
  static func bytes(_ shape: Shape, of cache: KVCache.Shape, dtype: KVCache.DType) -> Int {
    layout(ofKeys: shape, cache, dtype).end + layout(ofValues: shape, cache, dtype).end
  }

  private static func layout(
    ofKeys shape: Shape, _ cache: KVCache.Shape, _ dtype: KVCache.DType
  ) -> KVRows.Layout {
    KVRows.Layout(
      form: shape.keys, dtype: dtype, length: cache.keyLength, rows: shape.pairs,
      groups: shape.groups)
  }

  private static func layout(
    ofValues shape: Shape, _ cache: KVCache.Shape, _ dtype: KVCache.DType
  ) -> KVRows.Layout {
    KVRows.Layout(
      form: shape.values, dtype: dtype, length: cache.valueLength, rows: shape.pairs,
      groups: nil)
  }

  /// Heads with room for pairs of such shapes.
  ///
  /// - Throws: `EngineError.outOfMemory`.
  static func allocate(
    _ heads: [[Shape]], of cache: KVCache.Shape, dtype: KVCache.DType
  ) throws(EngineError) -> [[QuantisedKV]] {
    let total = heads.joined().reduce(0) { $0 + bytes($1, of: cache, dtype: dtype) }
    let memory = try Memory(total)
    var offset = 0
    return heads.map { shapes in
      shapes.map { shape in
        defer { offset += bytes(shape, of: cache, dtype: dtype) }
        return QuantisedKV(shape, of: cache, dtype: dtype, in: memory, at: offset)
      }
    }
  }

  var count: Int { positions.count }

  /// How many bytes the pairs take.
  var bytes: Int { keys.layout.bytes(of: count) + values.layout.bytes(of: count) }

  /// Sets the ascending positions of the pairs, whose keys and values are then filled in.
  public func restore(_ positions: [UInt32]) {
    precondition(count == 0 && positions.count <= keys.layout.rows)
    self.positions = positions
  }

  /// Appends the bytes of one pair as elements.
  func gather(_ pair: Int, keys newKeys: inout [UInt8], values newValues: inout [UInt8]) {
    newKeys += keys.elements(ofRow: pair)
    newValues += values.elements(ofRow: pair)
  }
}
