import ByteIO
import CacheCodec
import CacheFormat

/// Looks for the snapshot that a prompt continues, and for the next best one if that is of no use.
struct StoreLookup {
  private let responder: Responder
  private let request: Responder.Request
  private let tokens: [Int]
  private let document: StoredDocument?
  private var rejected: Set<StoreName> = []
  private var isRestored = false

  init(
    _ responder: Responder, _ request: Responder.Request, _ tokens: [Int],
    _ document: StoredDocument?
  ) {
    (self.responder, self.request) = (responder, request)
    (self.tokens, self.document) = (tokens, document)
  }

  /// The best snapshot that was not rejected; nil if there is none, or no store.
  ///
  /// - Throws: `SystemError`, `StoreRefusal`.
  mutating func next() throws -> Store.Match? {
    guard let store = responder.store else { return nil }
    for (name, error) in try store.damagedFiles() { try responder.setAside(name, error) }
    let family = try request.context.map { context in
      Set(try store.withIndex { $0.ancestors(of: context) + $0.descendants(of: context) })
    }
    return try store.longestPrefix(of: tokens) { entry, common, parent in
      family?.contains(entry.name) != false && isWorthwhile(entry, common, parent)
        && isUsable(entry)
    }
  }

  /// Whether a prompt continues a snapshot, or nearly all of it, or has much in common with it.
  /// With less, the new turn would keep another conversation from being removed for little.
  ///
  /// Other modes than the whole cache only continue: the prompt's own end would come from the store
  /// otherwise, and the mode would leave out pairs of the question.
  private func isWorthwhile(_ entry: StoreEntry, _ common: Int, _ parent: Int) -> Bool {
    let gain = common - min(common, parent)
    if request.mode == .whole, gain >= Self.leastGain { return true }
    // A prompt that ends within a snapshot does not continue it.
    let goesBeyond = common < tokens.count || request.mode == .whole
    return entry.tokens == common || goesBeyond && entry.tokens - common <= Self.mostDropped
  }

  /// The next text can change the spelling of a snapshot's last tokens.
  private static let mostDropped = 8
  private static let leastGain = 32

  private func isUsable(_ entry: StoreEntry) -> Bool {
    guard !rejected.contains(entry.name), isOfRightForm(entry) else { return false }
    // What a turn attended to is in its pairs.
    let isAttended = entry.attendedTo.allSatisfy { $0 == request.mode.name }
    let isStored = (entry.compressions.last ?? 1) <= request.mode.compression ?? 1
    return isAttended && isStored && isOfModel(entry) && isExact(entry)
  }

  /// Whether a snapshot gives back the pairs as the model would compute them here. One that the
  /// caller named need not.
  private func isExact(_ entry: StoreEntry) -> Bool {
    guard request.context == nil, let store = responder.store else { return true }
    guard entry.element == responder.precision.element else { return false }
    let reader = try? SnapshotReader(path: store.path(of: entry.name), keys: store.keys)
    // What cannot be read is found damaged when it is used.
    return reader?.isLossless != false
  }

  private func isOfRightForm(_ entry: StoreEntry) -> Bool {
    if case .chat = request.prompt { return entry.promptForm.isConversation }
    return entry.promptForm == .plain
  }

  private func isOfModel(_ entry: StoreEntry) -> Bool {
    let proof = try? responder.model.proof(
      of: entry.identity, path: entry.name.description, trusts: false)
    return proof != nil
  }

  /// Leaves out a snapshot that cannot be continued. A damaged one is moved out of the way.
  ///
  /// - Returns: False if another snapshot would not help.
  mutating func rejects(_ match: Store.Match, _ error: any Error) throws -> Bool {
    switch error {
    case let error as MalformedFile:
      let name = StoreName(file: Folder.name(of: error.path)) ?? match.entry.name
      let lost = responder.document(unproven: name)
      try responder.setAside(name, error)
      guard !isRestored else { break }
      if let lost, !name.isUnnamed { isRestored = try responder.restore(lost, as: name) }
      if let context = request.context, let document {
        isRestored = try responder.restore(document, as: context) || isRestored
      }
      if isRestored { return true }
    case is CompressionNotStored, is TransformMissing, is KeyProblem, is ParentMissing,
      is PrivateCodec, is PrivateMeaning, is IdentityMismatch, is IdentityNotProven:
      // The caller named this context, so no other may replace it.
      guard request.context != match.entry.name else { return false }
    default: return false
    }
    rejected.insert(match.entry.name)
    return true
  }
}
