import ByteIO
import CacheCodec
import CacheFormat
import QFilters

/// Writes a snapshot, layer by layer. It belongs to one thread at a time.
///
/// The file appears whole, at its path, when `finish` returns. A writer that is released before
/// leaves nothing. Equal input gives equal bytes, unless the snapshot is encrypted. A snapshot that
/// is not ranked is written as its layers come. For one that is ranked the writer holds a copy of
/// the cache, because ×N of every layer comes before the rest of any.
public final class SnapshotWriter {
  /// Where the snapshot will appear.
  public let path: String
  private let new: NewSnapshot
  private let context: ContextDescription
  private let ranking: NewRanking
  /// Everything but the pairs. Heads have equal budgets until a ranking says otherwise.
  private var metadata: SnapshotMetadata
  private var layers: [NewLayer] = []
  /// The file of a snapshot that is not ranked.
  private var file: CacheCodec.SnapshotWriter?
  private var appended = 0

  /// Begins a snapshot.
  ///
  /// - Throws: `SnapshotError` if a reader would reject the description, the filter bank is another
  ///   model's, or no file can be created there.
  public init(path: String, _ new: NewSnapshot) throws(SnapshotError) {
    self.path = path
    (self.new, context) = (new, try new.context())
    let context = context
    // What is wrong shows before the long work.
    (ranking, metadata) = try SnapshotError.translating {
      let identity = try new.checkedIdentity(path: path)
      let ranking = try NewRanking(new, identity)
      try Self.checkReplaceable(path)
      try AtomicFile.checkWritable(path)
      return (ranking, try new.metadata(identity, context, ranking, path: path))
    }
    try SnapshotError.translating {
      _ = try new.codecs(metadata.tiers)
      guard case .none = ranking else { return try metadata.check(path: path) }
      file = try begin()
    }
  }

  /// How many pairs each head of `append` has: those of the tokens that no parent holds.
  public var pairs: Int { context.tokens - new.firstPosition }

  /// KV heads of each layer.
  public var kvHeads: Int { context.kvHeads }

  /// Whether scores come with each layer.
  public var takesScores: Bool {
    if case .scores = ranking { true } else { false }
  }

  /// The bytes of a head's keys and of its values in `append`.
  public var headBytes: (keys: Int, values: Int) {
    (
      pairs * context.rowBytes(of: .keys, layer: 0), pairs * context.rowBytes(of: .values, layer: 0)
    )
  }

  /// Appends the next layer.
  ///
  /// - Parameters:
  ///   - keys: [kvHeads][pairs × keyLength]: keys after RoPE, half-split, in order of position, as
  ///     little-endian elements of the snapshot's type.
  ///   - values: [kvHeads][pairs × valueLength], likewise.
  ///   - scores: [kvHeads][pairs], if the ranking is by scores that come with the layers.
  /// - Throws: `SnapshotError` if sizes differ, a number is not finite, all layers are there, or
  ///   the disk is full.
  public func append(
    keys: [[UInt8]], values: [[UInt8]], scores: [[Float]] = []
  ) throws(SnapshotError) {
    try check(keys, values, scores)
    let layer = NewLayer(
      firstPosition: new.firstPosition, keys: keys, values: values, scores: scores)
    try checkFinite(layer)
    guard case .none = ranking else {
      layers.append(layer)
      return appended += 1
    }
    let order = (0..<UInt32(pairs)).map(\.self)[...]
    let block = layer.block(Array(repeating: order, count: context.kvHeads), context)
    try SnapshotError.translating { try file?.append([block]) }
    appended += 1
  }

  /// Ranks and writes what is not yet written, and makes the snapshot appear at its path, durably.
  ///
  /// - Returns: The file's size in bytes.
  /// - Throws: `SnapshotError`; the path then holds what it held before.
  public func finish() throws(SnapshotError) -> UInt64 {
    guard appended == context.layers else {
      throw SnapshotError(
        .usage, "\(path): \(appended) of \(context.layers) layers were appended")
    }
    return try SnapshotError.translating {
      if let file = file.take() { return try file.finish() }
      guard !layers.isEmpty, let ranked = try ranking.ranked(layers, context) else {
        throw finished
      }
      metadata.tiers = ranking.tiers(
        ranked, of: context, firstPosition: new.firstPosition)
      var file = try begin()
      try write(ranked, to: &file)
      layers = []
      return try file.finish()
    }
  }

  /// Rejects a path that holds anything but a snapshot: what is there would be lost.
  private static func checkReplaceable(_ path: String) throws {
    do {
      guard try ContainerReader(path: path).header.kind != .snapshot else { return }
    } catch let error as SystemError where error.category == .noInput {
      return
    } catch is KeyProblem {
      return
    } catch {}
    throw SnapshotError(.usage, "\(path): it is no snapshot, and is not replaced by one")
  }

  private var finished: SnapshotError { SnapshotError(.usage, "\(path): it is finished") }

  private func begin() throws -> CacheCodec.SnapshotWriter {
    try CacheCodec.SnapshotWriter(
      path: path, metadata: metadata, codecs: new.codecs(metadata.tiers),
      secrets: new.secrets)
  }

  private func check(
    _ keys: [[UInt8]], _ values: [[UInt8]], _ scores: [[Float]]
  ) throws(SnapshotError) {
    guard appended < context.layers else {
      throw SnapshotError(.usage, "\(path): all \(context.layers) layers were appended")
    }
    func fits(_ heads: [[UInt8]], _ bytes: Int) -> Bool {
      heads.count == context.kvHeads && heads.allSatisfy { $0.count == bytes }
    }
    guard fits(keys, headBytes.keys), fits(values, headBytes.values) else {
      throw SnapshotError(
        .usage, "\(path): layer \(appended) has not \(context.kvHeads) heads of \(pairs) pairs")
    }
    let needed = takesScores ? context.kvHeads : 0
    guard scores.count == needed, scores.allSatisfy({ $0.count == pairs }) else {
      throw SnapshotError(
        .usage, "\(path): layer \(appended) needs scores of \(needed) heads, one for each pair")
    }
  }
}

extension SnapshotWriter {
  /// Rejects what no model computes, and what would spoil every answer.
  private func checkFinite(_ layer: NewLayer) throws(SnapshotError) {
    let (keys, values) = (context.keyCodec, context.valueCodec)
    let isFinite = concurrentMap(context.kvHeads) { head in
      !keys.floats(layer.keys[head]).contains { !$0.isFinite }
        && !values.floats(layer.values[head]).contains { !$0.isFinite }
    }
    guard let head = isFinite.firstIndex(of: false) else { return }
    throw SnapshotError(
      .other, "\(path): layer \(appended), head \(head): a key or a value is not finite")
  }

  private func write(
    _ ranked: CacheRanking, to file: inout CacheCodec.SnapshotWriter
  ) throws {
    let tiers = metadata.tiers
    try file.appendTiers { tier, layer in
      layers[layer].block(
        (0..<tiers.kvHeads).map { head in
          tiers.pairs(
            of: ranked.orders[layer * tiers.kvHeads + head], tier: tier, layer: layer, head: head)
        }, context)
    }
  }
}
