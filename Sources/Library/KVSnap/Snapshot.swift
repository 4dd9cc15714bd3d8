import ByteIO
import CacheCodec
import CacheFormat

/// One context's KV cache in a file, with all that it continues (spec, section 5).
///
/// What is handed out was checked. Several threads may read layers of one snapshot at a time.
public struct Snapshot: Sendable {
  let chain: SnapshotChain
  /// What may open encrypted files.
  let keys: KeyRing

  /// Opens a snapshot and those that it continues, and checks everything but keys and values, which
  /// are checked as they are read.
  ///
  /// - Parameters:
  ///   - path: The file, or an address that begins with `https://` or `http://`.
  ///   - keys: What may open encrypted files.
  /// - Throws: `SnapshotError`.
  public init(path: String, keys: [SnapshotKey] = []) throws(SnapshotError) {
    let ring = KeyRing(keys.map(\.secret))
    self.keys = ring
    chain = try SnapshotError.translating {
      var companions = Companions()
      companions.keys = ring
      return try SnapshotChain(path: path, with: companions)
    }
  }

  private var context: ContextDescription { chain.metadata.context }

  /// Where it was opened; an address without its query.
  public var path: String { chain.path }
  /// Layers of the model.
  public var layers: Int { context.layers }
  /// KV heads of a layer; the greatest number, where layers differ.
  public var kvHeads: Int { context.kvHeads }
  /// Numbers of a key, likewise.
  public var keyLength: Int { context.keyLength }
  /// Numbers of a value, likewise.
  public var valueLength: Int { context.valueLength }
  /// The KV heads of a layer, and the numbers of its keys and values. They differ between layers
  /// only where the file says so. The layer must be there.
  public func shape(ofLayer layer: Int) -> (kvHeads: Int, keyLength: Int, valueLength: Int) {
    let shape = context.shape(ofLayer: layer)
    return (shape.kvHeads, shape.keyLength, shape.valueLength)
  }

  /// The type of the keys.
  public var keyType: Element { Element(context.keyCodec) }
  /// The type of the values.
  public var valueType: Element { Element(context.valueCodec) }
  /// The token ids of the whole context, in order of position. The next token has their number as
  /// its position, whatever ×N keeps.
  public var tokens: [UInt32] { chain.metadata.tokens }
  /// The number of tokens.
  public var tokenCount: Int { context.tokens }
  /// The least N that can be read as ×N; 1 if the whole cache is there.
  public var leastCompression: Int { chain.leastCompression }
  /// What ranked the pairs, by its number in the specification; 0 if nothing did.
  public var scorer: UInt32 { chain.metadata.tiers.scorer.rawValue }
  /// What the tokens are, by the specification's number: 0 is plain text.
  public var promptForm: UInt32 { context.promptForm.rawValue }
  /// How keys are laid out, by the specification's number: 1 is after RoPE, half-split. A context
  /// with a private layout or prompt form, 2³¹ or more, is only for its maker to continue.
  public var keyLayout: UInt32 { context.keyLayout.rawValue }
  /// Whether somebody vouched for the model of some pairs, which nothing proved.
  public var isTrusted: Bool { chain.metadata.identity.isTrusted }
  /// The digests of the model's weights, architecture, RoPE and tokenizer, 32 bytes each; nil if
  /// the snapshot has none.
  public var identity: [UInt8]? { chain.metadata.identity.values?.encoded }

  /// Checks every byte of a file of any kind of the format.
  ///
  /// - Throws: `SnapshotError`.
  public static func verify(path: String, keys: [SnapshotKey] = []) throws(SnapshotError) {
    try SnapshotError.translating {
      _ = try Verification.verify(path: path, keys: KeyRing(keys.map(\.secret)))
    }
  }
}
