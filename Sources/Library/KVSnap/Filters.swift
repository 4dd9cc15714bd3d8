import ByteIO
import CacheFormat
import QFilters

/// A model's filter bank (`.qfilt`): a filter for each layer and KV head (spec, section 4.1).
///
/// The pairs whose keys have the highest products with their filter stay longest. A file may hold
/// more that ranks pairs, such as the score by which heads get their budgets. It stays in the file
/// that `write` makes of what was read.
public struct Filters: Sendable, Equatable {
  private let bank: FilterBank

  /// Filters of a model. A file of them gives all heads equal budgets.
  ///
  /// - Parameters:
  ///   - values: [layers][kvHeads][headLength], finite. Those of the hub and of kvpress have the
  ///     opposite sign.
  ///   - model: The model, with an identity by values.
  /// - Throws: `SnapshotError` of kind `usage` if an argument is wrong, and of kind `other` if a
  ///   number is not finite.
  public init(
    layers: Int, kvHeads: Int, headLength: Int, values: [Float], model: ModelIdentity
  ) throws(SnapshotError) {
    let sizes = [
      ("layers", layers, 4096), ("KV heads", kvHeads, 4096), ("filter elements", headLength, 8192),
    ]
    for (name, size, most) in sizes where !(1...most ~= size) {
      throw SnapshotError(.usage, "a filter bank has 1 to \(most) \(name), not \(size)")
    }
    let shape = FilterShape(layers: layers, kvHeads: kvHeads, headLength: headLength)
    guard values.count == shape.count else {
      throw SnapshotError(.usage, "filters of \(shape) have not \(values.count) numbers")
    }
    guard values.allSatisfy(\.isFinite) else {
      throw SnapshotError(.other, "a filter is not finite")
    }
    guard let identity = model.identity.values else {
      throw SnapshotError(.usage, "a filter bank needs the digests of its model's values")
    }
    bank = FilterBank(
      identity: identity, shape: shape, filters: values,
      provenance: #"{"tool":"kvsnap \#(Version.current)"}"#)
  }

  /// Reads a filter bank, and checks all that ranks pairs; `Snapshot.verify` checks every byte.
  ///
  /// - Throws: `SnapshotError`.
  public init(path: String) throws(SnapshotError) {
    bank = try SnapshotError.translating { try FilterBank(path: path) }
  }

  /// Layers of the model.
  public var layers: Int { bank.shape.layers }
  /// KV heads of each layer.
  public var kvHeads: Int { bank.shape.kvHeads }
  /// Numbers of a key, and so of a filter.
  public var headLength: Int { bank.shape.headLength }
  /// [layers][kvHeads][headLength]
  public var values: [Float] { bank.filters }
  /// [128]: the digests of the model's weights, architecture, RoPE and tokenizer.
  public var identity: [UInt8] { bank.identity.encoded }

  /// Writes a filter bank, whole or not at all. Equal filters give equal bytes.
  ///
  /// - Returns: The file's size in bytes.
  /// - Throws: `SnapshotError`.
  public func write(to path: String) throws(SnapshotError) -> UInt64 {
    try SnapshotError.translating { try bank.write(to: path) }
  }
}
