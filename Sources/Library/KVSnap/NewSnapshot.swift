import CacheCodec
import CacheFormat

/// Everything of a new snapshot but its pairs.
public struct NewSnapshot: Sendable {
  /// What ranks the pairs, so that ×N can be read.
  public enum Ranking: Sendable {
    /// Nothing: only the whole cache can be read. Layers go straight to the file.
    case unranked
    /// A filter bank (.qfilt) of the model. One of `qfilters precompute` ranks as in `qfilters
    /// prefill`. Filters alone score as they were published, and heads get equal budgets.
    case filters(path: String)
    /// A method that needs only keys: k-norm, streaming-llm, keydiff or random.
    case method(String)
    /// Scores that come with each layer; the highest stay longest.
    ///
    /// - Parameters:
    ///   - scorer: 4, 5 or 8 if they are those of SnapKV, Expected Attention or KVzip, otherwise a
    ///     private number: 2³¹ or more (spec/registry.md).
    ///   - areShared: Whether scores of all layers and heads can be compared. Then ×N keeps more
    ///     of the heads with high scores. Otherwise ×N keeps 1/N of each head.
    case scores(scorer: UInt32, areShared: Bool)
  }

  /// Layers of the model.
  public var layers: Int
  /// KV heads of each layer.
  public var kvHeads: Int
  /// Numbers of a key.
  public var keyLength: Int
  /// Numbers of a value.
  public var valueLength: Int
  /// The token ids of the whole context, also those of what `parent` holds.
  public var tokens: [UInt32]
  /// The model.
  public var identity: ModelIdentity
  /// The type of the keys: float32, float16 or bfloat16.
  public var keyType = Element.float16
  /// The type of the values, likewise.
  public var valueType = Element.float16
  /// What the tokens are, by the specification's number: 0 is plain text. That of a snapshot with
  /// a parent follows from the parent's.
  public var promptForm: UInt32 = 0
  /// What ranks the pairs.
  public var ranking = Ranking.unranked
  /// How pairs are stored, in the terms of `qfilters prefill --precision`, such as `8:int8,int4`;
  /// nil stores them without loss.
  public var precision: String?
  /// The model's name, for people.
  public var modelName = ""
  /// The snapshot that the new one continues: it then has only the pairs after the parent's tokens.
  /// Both files must be in one folder when the new one is opened.
  public var parent: Snapshot?
  /// What opens the new snapshot, at most 7; none for one that is encrypted as its parent is.
  public var keys: [SnapshotKey] = []

  /// A snapshot in float16 that is not ranked.
  public init(
    layers: Int, kvHeads: Int, keyLength: Int, valueLength: Int, tokens: [UInt32],
    identity: ModelIdentity
  ) {
    (self.layers, self.kvHeads) = (layers, kvHeads)
    (self.keyLength, self.valueLength) = (keyLength, valueLength)
    (self.tokens, self.identity) = (tokens, identity)
  }

  /// The first position whose pairs the snapshot holds.
  public var firstPosition: Int { parent?.tokenCount ?? 0 }
}

extension NewSnapshot {
  /// The context as the file describes it.
  ///
  /// - Throws: `SnapshotError` if the parent is of another cache or text.
  func context() throws(SnapshotError) -> ContextDescription {
    guard let form = ContextDescription.PromptForm(rawValue: promptForm) else {
      throw SnapshotError(.usage, "the prompt form \(promptForm) is registered to nobody")
    }
    for type in [keyType, valueType] where !ElementCodec.elements.contains(type.codec) {
      throw SnapshotError(.usage, "a cache to be written has float32, float16 or bfloat16")
    }
    try checkSizes()
    var context = ContextDescription(
      layers: layers, kvHeads: kvHeads, keyLength: keyLength, valueLength: valueLength,
      tokens: tokens.count, promptForm: form, keyCodec: keyType.codec, valueCodec: valueType.codec)
    guard keys.count < KeyTable.usualSlots else {
      throw SnapshotError(.usage, "a snapshot has room for \(KeyTable.usualSlots - 1) keys")
    }
    guard let parent else { return context }
    let other = parent.chain.metadata.context
    context.promptForm = other.promptForm.next
    guard context.goesOn(from: other) else {
      throw SnapshotError(.usage, "\(parent.path): it holds a cache of another shape or type")
    }
    guard tokens.count > parent.tokenCount else {
      throw SnapshotError(.usage, "\(parent.path): there are no tokens after its own")
    }
    guard tokens.starts(with: parent.tokens) else {
      throw SnapshotError(.usage, "\(parent.path): the new tokens do not begin with its own")
    }
    return context
  }

  /// Rejects numbers before anything is computed from them.
  private func checkSizes() throws(SnapshotError) {
    let sizes = [
      ("layers", layers, 4096), ("KV heads", kvHeads, 4096), ("key elements", keyLength, 8192),
      ("value elements", valueLength, 8192), ("tokens", tokens.count, Int(Int32.max)),
    ]
    for (name, size, most) in sizes where !(1...most ~= size) {
      throw SnapshotError(.usage, "a snapshot has 1 to \(most) \(name), not \(size)")
    }
  }

  /// How each tier is stored.
  func codecs(_ tiers: TierTable) throws -> [TierCodecs] {
    guard let precision = try precision.map(Precision.init(_:)) else {
      return tiers.ratios.map { _ in
        TierCodecs(keys: keyType.codec, values: valueType.codec)
      }
    }
    guard precision.transform == nil else {
      throw SnapshotError(.usage, "a transform is applied by qfilters recompress, not here")
    }
    return try tiers.ratios.map { ratio in
      func codec(_ tensor: ChunkTable.Tensor, _ type: Element) throws(SnapshotError)
        -> ElementCodec
      {
        let codec = precision.codec(of: tensor, compression: ratio) ?? type.codec
        guard !codec.isLossless || codec == type.codec else {
          throw SnapshotError(
            .usage, "the precision \(codec.name) is not that of the cache, \(type.codec.name)")
        }
        return codec
      }
      return TierCodecs(keys: try codec(.keys, keyType), values: try codec(.values, valueType))
    }
  }
}
