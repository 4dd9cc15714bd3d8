package import CacheCodec
import CacheFormat

/// What a snapshot holds.
package struct SnapshotReport: Encodable {
  struct Tier: Encodable {
    let compression: Int
    /// Pairs of this tier, and of it with the tiers before it.
    let pairs, pairsHeld: Int
    /// How its keys and values are stored.
    let keyPrecision, valuePrecision: String
    let bytes, prefixBytes: UInt64
  }

  /// Bytes in the file and decoded, over all tiers.
  struct Size: Encodable {
    let storedBytes, rawBytes: UInt64

    init(_ size: StoredSize) { (storedBytes, rawBytes) = (size.stored, size.raw) }
  }

  struct Tensors: Encodable {
    let positions, keys, values, all: Size
  }

  /// The parent of the snapshot.
  package struct Parent: Encodable {
    let fileName, digest: String
    let firstPosition: Int
  }

  package struct Drawing: Encodable {
    let file: String
    let compression: Int

    package init(file: String, compression: Int) {
      (self.file, self.compression) = (file, compression)
    }
  }

  let kind = "snapshot"
  let digest: String
  package let parent: Parent?
  /// Tokens of the whole context, and of those whose pairs the file itself may hold.
  package let tokens, ownTokens: Int
  let layers, kvHeads, keyLength, valueLength: Int
  let keyPrecision, valuePrecision, promptForm, scorer: String
  let sinks, window: Int
  let bytes, metadataBytes, cacheBytes: UInt64
  let identity: IdentityReport
  /// The model's files, if the snapshot names them.
  let files: [ModelFileReport]
  /// Whether somebody vouched for the model of some pairs, which no digest proved.
  let trusted: Bool
  let tiers: [Tier]
  /// Nil if all heads have equal budgets.
  let budgets: BudgetReport?
  let bytesByTensor: Tensors
  let bytesByLayer: [Tensors]
  /// Nil unless a transform coded keys and values.
  let blocks: BlocksReport?
  /// Names and texts of other programs; nil if there are none.
  let meta: [String: String]?
  /// What opens it: key files and passphrases; nil if it is not encrypted.
  let keys: [String]?
  /// Layers of different shapes; nil if all are alike.
  let layerShapes: [[Int]]?
  let provenance: String
  package var heatmap: Drawing?

  package init(_ reader: SnapshotReader) throws {
    let (metadata, context) = (reader.metadata, reader.metadata.context)
    let (table, sizes) = (metadata.tiers, SnapshotSizes(reader))
    digest = try reader.digest.description
    parent = metadata.parent.map {
      Parent(
        fileName: $0.fileName, digest: $0.digest.description, firstPosition: $0.firstPosition)
    }
    (tokens, ownTokens) = (context.tokens, table.tokens)
    (layers, kvHeads) = (context.layers, context.kvHeads)
    (keyLength, valueLength) = (context.keyLength, context.valueLength)
    (keyPrecision, valuePrecision) = (context.keyCodec.name, context.valueCodec.name)
    promptForm =
      switch context.promptForm {
      case .plain: "plain text"
      case .openUserTurn: "open user turn"
      case .openAnswer: "open answer"
      case .privateUse(let number): "private form \(number)"
      }
    scorer = table.scorer.name
    (sinks, window) = (table.sinks, table.window)
    bytes = reader.fileSize
    metadataBytes = sizes.metadata
    cacheBytes = Self.cacheBytes(context, tokens: table.tokens)
    identity = IdentityReport(
      metadata.identity.values,
      filters: metadata.filterDigest == .zero ? nil : metadata.filterDigest)
    files = metadata.identity.files?.entries.map(ModelFileReport.init) ?? []
    trusted = metadata.identity.isTrusted
    var held = 0
    tiers = try table.ratios.enumerated().map { tier, compression in
      let pairs = (0..<context.layers).reduce(0) { $0 + table.pairs(tier: tier, layer: $1) }
      held += pairs
      return Tier(
        compression: compression, pairs: pairs, pairsHeld: held,
        keyPrecision: reader.codec(of: .keys, tier: tier).name,
        valuePrecision: reader.codec(of: .values, tier: tier).name,
        bytes: sizes.tiers[tier].stored,
        prefixBytes: try reader.prefixLength(compression: compression))
    }
    budgets = BudgetReport(table)
    bytesByTensor = Self.tensors(sizes.chunks) { sizes.size(tensor: $0) }
    bytesByLayer = (0..<context.layers).map { layer in
      Self.tensors(sizes.size(layer: layer)) { sizes.size(layer: layer, tensor: $0) }
    }
    blocks = BlocksReport(reader)
    let entries = metadata.meta.entries
    meta =
      entries.isEmpty ? nil : Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.value) })
    keys = reader.keySlots?.map { slot in
      switch slot.kind {
      case .keyFile: "key file"
      case .passphrase: "passphrase"
      case .other: "other"
      }
    }
    layerShapes = context.shapes?.layers.map { [$0.kvHeads, $0.keyLength, $0.valueLength] }
    provenance = metadata.provenance
  }

  private static func tensors(
    _ all: StoredSize, _ size: (ChunkTable.Tensor) -> StoredSize
  ) -> Tensors {
    Tensors(
      positions: Size(size(.positions)), keys: Size(size(.keys)), values: Size(size(.values)),
      all: Size(all))
  }

  /// Bytes of the keys and values of `tokens` tokens. A small file may claim more tokens than any
  /// memory holds; the result is then the greatest number.
  static func cacheBytes(_ context: ContextDescription, tokens: Int) -> UInt64 {
    let token = (0..<context.layers).reduce(UInt64(0)) { sum, layer in
      let pair =
        context.rowBytes(of: .keys, layer: layer) + context.rowBytes(of: .values, layer: layer)
      return sum + UInt64(context.kvHeads(ofLayer: layer) * pair)
    }
    let (bytes, overflow) = token.multipliedReportingOverflow(by: UInt64(tokens))
    return overflow ? .max : bytes
  }
}
