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
    for (name, error) in try store.problems() where error is MalformedFile {
      try responder.setAside(name, error)
    }
    let tree = try request.context.map {
      Set(
        try store.withIndex { [context = $0] in
          $0.descendants(of: context)
        })
    }
    return try store.longestPrefix(of: tokens, least: Responder.least(request)) { entry in
      tree?.contains(entry.name) != false && isUsable(entry)
    }
  }

  private func isUsable(_ entry: StoreEntry) -> Bool {
    guard !rejected.contains(entry.name), isOfRightForm(entry) else { return false }
    // What a turn attended to is in its pairs.
    let isAttended = entry.attendedTo.allSatisfy {
      $0 == ResumeMode.whole.name || $0 == request.mode.name
    }
    let isStored = (entry.compressions.last ?? 1) <= request.mode.compression ?? 1
    return isAttended && isStored && isOfModel(entry)
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
      try responder.setAside(name, error)
      if let context = request.context, let document, !isRestored {
        isRestored = try responder.restore(document, as: context)
        if isRestored { return true }
      }
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
