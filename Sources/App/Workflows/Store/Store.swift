package import ByteIO
package import CacheCodec
package import CacheFormat
import Platform
import Synchronization

/// A folder of snapshots that finds the longest stored beginning of a prompt.
///
/// The folder holds no index file. Each process keeps an index in memory, and reads the folder
/// again when a name in it changed. Several processes may use one store.
///
/// - A snapshot appears whole or not at all (`AtomicFile`).
/// - Whoever continues a snapshot shares a lock on its file until the child is written. A process
///   removes a file only while it holds the lock alone.
/// - A damaged file is moved to the folder `quarantine`, with all that continue it.
package final class Store: Sendable {
  /// The folder.
  package let path: String
  /// The keys of its snapshots.
  package let keys: KeyRing
  /// The maximum number of bytes of its snapshots; nil for no limit.
  package let limit: UInt64?
  private let index = Mutex(Known())

  private struct Known {
    var index = StoreIndex()
    /// The folder's state when it was last looked at; nil if it may have changed since unseen.
    var stamp: FileStamp?
  }

  /// Opens the store in a folder.
  ///
  /// - Parameters:
  ///   - creates: Whether the folder is made unless it exists.
  ///   - keys: Keys for its encrypted snapshots; new ones are encrypted with the same.
  ///   - limit: The maximum number of bytes.
  /// - Throws: `SystemError`.
  package init(
    path: String, creates: Bool = true, keys: KeyRing = .none, limit: UInt64? = nil
  ) throws(SystemError) {
    // Contexts are texts of this user.
    if creates { try Folder.create(path, mode: 0o700) }
    guard Folder.exists(path) else {
      throw SystemError(
        operation: "open", path: path, code: Folder.hasFile(path) ? ENOTDIR : ENOENT)
    }
    (self.path, self.keys, self.limit) = (path, keys, limit)
  }

  /// The store's contents at one moment.
  package struct Contents: Sendable {
    /// In ascending order of their names.
    package let entries: [StoreEntry]
    /// Files that cannot be read as snapshots, and why.
    package let problems: [(name: StoreName, error: any Error)]
    /// The size of all entries in bytes. Files that cannot be read do not count.
    package var bytes: UInt64 { entries.reduce(0) { $0 + $1.bytes } }
  }

  /// Everything that is in the store now.
  ///
  /// - Throws: `SystemError`.
  package func contents() throws -> Contents {
    try withIndex(isFresh: true) { index in
      Contents(
        entries: index.entries.values.sorted { $0.name < $1.name },
        problems: index.problems.sorted { $0.key < $1.key }.map { ($0.key, $0.value.error) })
    }
  }

  /// Damaged files. One that may be incomplete is not among them.
  func damagedFiles() throws -> [(name: StoreName, error: any Error)] {
    try withIndex { index in
      index.problems.filter { $0.value.error is MalformedFile && !$0.value.mayBeIncomplete }
        .map { ($0.key, $0.value.error) }
    }
  }

  /// Whether a file that cannot be read may be a copy that is not complete yet.
  func mayBeIncomplete(_ name: StoreName) throws -> Bool {
    try withIndex { $0.problems[name]?.mayBeIncomplete ?? false }
  }

  /// The snapshot of a name.
  ///
  /// - Throws: `StoreRefusal.noContext`, `SystemError`; why it cannot be read.
  package func entry(_ name: StoreName) throws -> StoreEntry {
    try withIndex { index in
      if let problem = index.problems[name] { throw problem.error }
      guard let entry = index.entries[name] else {
        throw StoreRefusal.noContext(name.description)
      }
      return entry
    }
  }

  /// The name of a context, or of a damaged file, by a text from outside, which is only compared
  /// and never becomes a path.
  ///
  /// - Throws: `StoreRefusal.noContext`, `SystemError`.
  package func name(of text: String) throws -> StoreName {
    try withIndex { index in
      guard let name = index.names.first(where: { $0.description.utf8.elementsEqual(text.utf8) })
      else {
        throw StoreRefusal.noContext(text)
      }
      return name
    }
  }

  /// The last turn of a named conversation; nil if there is none.
  ///
  /// - Throws: Why it cannot be read; `SystemError`.
  package func lastTurn(of conversation: StoreName) throws -> StoreEntry? {
    let number = try turns(of: conversation)
    return number == 0 ? nil : try entry(StoreName(turn: number, of: conversation))
  }

  /// The greatest number of a named conversation's turns, also of those that cannot be read; 0 if
  /// there is none.
  func turns(of conversation: StoreName) throws -> Int {
    try withIndex(isFresh: true) { index in
      index.names.reduce(0) { most, name in
        guard let turn = name.turn, turn.conversation == conversation.description else {
          return most
        }
        return max(most, turn.number)
      }
    }
  }

  /// A snapshot's file.
  package func path(of name: StoreName) -> String { Folder.path(path, name.fileName) }

  /// What opens the store's snapshots.
  package var companions: Companions {
    var companions = Companions()
    companions.keys = keys
    return companions
  }

  /// Looks at the folder, and calls `body` with what it holds.
  ///
  /// - Parameter isFresh: Whether times of use must be of this moment. Otherwise the folder is read
  ///   only if a name in it changed.
  func withIndex<T>(isFresh: Bool = false, _ body: (StoreIndex) throws -> T) throws -> T {
    let index = try self.index.withLock { known in
      let stamp = FileStamp(path: path)
      // A file that cannot be read yet may grow, which does not change its folder.
      let isSame = stamp != nil && known.stamp == stamp && known.index.problems.isEmpty
      guard isFresh || !isSame else { return known.index }
      known.index.update(try Folder.files(path)) { file, name in
        try StoreEntry(file, name, at: self.path(of: name), keys: keys)
      }
      known.stamp = stamp.flatMap { $0.isSettled ? $0 : nil }
      return known.index
    }
    return try body(index)
  }
}

extension Store {
  /// A snapshot that begins as a prompt does. While this object exists, no process removes the
  /// snapshot.
  package struct Match: Sendable {
    /// The snapshot.
    package let entry: StoreEntry
    /// How many first tokens they have in common.
    package let tokens: Int
    private let lock: FileLock

    init(_ entry: StoreEntry, tokens: Int, lock: FileLock) {
      (self.entry, self.tokens, self.lock) = (entry, tokens, lock)
    }
  }

  /// The snapshot with the longest common prefix with some tokens.
  ///
  /// - Parameter isUsable: Whether a snapshot may be used, given the length of its common prefix,
  ///   and of its parent's.
  /// - Returns: Nil if there is none.
  /// - Throws: `SystemError`.
  package func longestPrefix(
    of tokens: [Int], where isUsable: (StoreEntry, _ common: Int, _ ofParent: Int) -> Bool
  ) throws -> Match? {
    // Another process may remove what was found before it is locked.
    while let (entry, common) = try withIndex({
      $0.longestPrefix(of: tokens, where: isUsable)
    }) {
      if let lock = try lock(entry) { return Match(entry, tokens: common, lock: lock) }
    }
    return nil
  }

  /// The snapshot of a name, to be continued.
  ///
  /// - Throws: As `entry`.
  package func match(_ name: StoreName) throws -> Match {
    while true {
      let entry = try entry(name)
      if let lock = try lock(entry) { return Match(entry, tokens: entry.tokens, lock: lock) }
    }
  }

  /// A shared lock on a snapshot, which counts as used; nil if it has been removed.
  private func lock(_ entry: StoreEntry) throws -> FileLock? {
    let path = path(of: entry.name)
    do {
      let lock = try FileLock(sharing: path)
      Folder.touch(path)
      return Folder.isFile(path) ? lock : nil
    } catch let error where error.isMissingInput { return nil }
  }
}
