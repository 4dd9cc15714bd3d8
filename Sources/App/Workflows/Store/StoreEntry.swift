import ByteIO
package import CacheFormat

/// A snapshot of a store, as far as its metadata tell.
package struct StoreEntry: Sendable {
  /// Its name.
  package let name: StoreName
  /// The name of the snapshot that it continues; nil if it holds a whole context.
  package let parent: StoreName?
  /// What ties it to a model.
  package let identity: SnapshotIdentity
  /// How its text relates to the next prompt.
  package let promptForm: ContextDescription.PromptForm
  /// The number of tokens of the whole context.
  package let tokens: Int
  /// The position of its first pair.
  package let firstPosition: Int
  /// The file's size in bytes.
  package let bytes: UInt64
  /// The size of its own keys and values in memory, in bytes.
  package let cacheBytes: UInt64
  /// The type of the cache's elements.
  let element: ElementCodec
  /// When it was last used, in nanoseconds since 1970.
  package let lastUse: Int64
  /// The model's name, if the snapshot has it.
  package let model: String?
  /// The compressions that it holds.
  package let compressions: [Int]
  /// Which pairs its turns attended to; empty for a context that was prefilled whole.
  let attendedTo: [String]
  /// The ids of its own tokens, from `firstPosition` on.
  let ownTokens: [UInt32]
  let place: FolderFile.Place

  /// How many tokens are its own.
  package var count: Int { ownTokens.count }
}

extension StoreEntry {
  /// Reads a snapshot's metadata.
  ///
  /// - Throws: `MalformedFile`, `KeyProblem`, `SystemError`.
  init(_ file: FolderFile, _ name: StoreName, at path: String, keys: KeyRing) throws {
    let container = try ContainerReader(path: path, kind: .snapshot, keys: keys)
    let metadata = try SnapshotMetadata(container)
    let (context, tiers) = (metadata.context, metadata.tiers)
    let first = tiers.positions.lowerBound
    self.name = name
    parent = metadata.parent.flatMap { StoreName(file: $0.fileName) }
    (identity, promptForm) = (metadata.identity, context.promptForm)
    (tokens, firstPosition) = (context.tokens, first)
    (bytes, lastUse, place) = (file.size, file.modified, file.place)
    element = context.keyCodec
    let pair =
      context.keyLength * context.keyCodec.width + context.valueLength * context.valueCodec.width
    cacheBytes = UInt64((context.tokens - first) * context.layers * context.kvHeads * pair)
    model = FileOrigin.model(metadata.provenance)
    compressions = tiers.ratios
    attendedTo = Provenance.Past(metadata.provenance).attendedTo ?? []
    ownTokens = Array(metadata.tokens[first...])
  }

  /// The same snapshot, used at another time.
  init(_ entry: StoreEntry, lastUse: Int64) {
    (name, parent, identity) = (entry.name, entry.parent, entry.identity)
    (promptForm, tokens) = (entry.promptForm, entry.tokens)
    (firstPosition, bytes, cacheBytes) = (entry.firstPosition, entry.bytes, entry.cacheBytes)
    (model, compressions, attendedTo) = (entry.model, entry.compressions, entry.attendedTo)
    (ownTokens, place, self.lastUse) = (entry.ownTokens, entry.place, lastUse)
    element = entry.element
  }
}
