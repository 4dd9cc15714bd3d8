import ByteIO
import CacheFormat

extension Store {
  /// Removes a snapshot and, if asked to, all that continue it.
  ///
  /// - Returns: The names of what was removed.
  /// - Throws: `StoreRefusal`, `SystemError`.
  package func remove(_ name: StoreName, withChildren: Bool = false) throws -> [StoreName] {
    let all = try descendants(of: name)
    guard withChildren || all.count == 1 else {
      throw StoreRefusal.hasChildren(name.description, children: all.count - 1)
    }
    for name in all.reversed() where try !removeLeaf(name) {
      throw StoreRefusal.inUse(name.description)
    }
    return all
  }

  /// Destroys the keys of a snapshot and of all that continue it, and removes the files. Copies of
  /// the files keep their keys and stay readable.
  ///
  /// - Returns: The names of what was forgotten.
  /// - Throws: `NotEncrypted`, `StoreRefusal`, `SystemError`.
  package func forget(_ name: StoreName) throws -> [StoreName] {
    let all = try descendants(of: name)
    for name in all {
      var editor = try KeyEditor(path: path(of: name))
      try editor.eraseAll()
    }
    return try remove(name, withChildren: true)
  }

  /// Removes unnamed turns, the longest unused first, until the store is within its limit. A turn
  /// that others continue stays as long as they do.
  ///
  /// - Parameter spared: Turns that stay.
  /// - Returns: The names of what was removed.
  /// - Throws: `SystemError`.
  package func collect(sparing spared: Set<StoreName> = []) throws -> [StoreName] {
    guard let limit else { return [] }
    var (removed, tried): ([StoreName], Set<StoreName>) = ([], spared)
    while true {
      let (bytes, oldest) = try withIndex(isFresh: true) { index in
        (
          index.entries.values.reduce(0) { $0 + $1.bytes },
          index.entries.values
            .filter {
              $0.name.isUnnamed && !tried.contains($0.name) && index.children[$0.name] == nil
            }
            .min { ($0.lastUse, $0.name) < ($1.lastUse, $1.name) }
        )
      }
      guard bytes > limit, let oldest else { return removed }
      tried.insert(oldest.name)
      if try removeLeaf(oldest.name) { removed.append(oldest.name) }
    }
  }

  /// Empties the quarantine, and removes files that killed processes left.
  ///
  /// - Returns: The names of what was in quarantine.
  /// - Throws: `SystemError`.
  package func clean() throws -> [StoreName] {
    for file in try Folder.files(path) where file.isAbandoned {
      try Folder.removeFile(Folder.path(path, file.name))
    }
    guard Folder.exists(quarantinePath) else { return [] }
    return try Folder.files(quarantinePath).compactMap { file in
      try Folder.removeFile(Folder.path(quarantinePath, file.name))
      return StoreName(file: file.name)
    }
  }

  /// Makes room for a snapshot that was just written, or removes it.
  ///
  /// - Throws: `StoreRefusal.beyondLimit` if there is no room for it; `SystemError`.
  package func keepWithinLimit(new name: StoreName) throws {
    guard let limit else { return }
    let own = try entry(name).bytes
    // If there is no room whatever is removed, nothing is.
    if try lastingBytes(with: name) <= limit { _ = try collect(sparing: [name]) }
    guard try contents().bytes > limit else { return }
    _ = try remove(name)
    throw StoreRefusal.beyondLimit(name.description, bytes: own, limit: limit)
  }

  /// The size of what stays however small the limit is: a snapshot, what has a name, and what these
  /// continue.
  private func lastingBytes(with name: StoreName) throws -> UInt64 {
    try withIndex { index in
      let lasting = index.entries.keys.filter { $0 == name || !$0.isUnnamed }
      let all = Set(lasting + lasting.flatMap { index.ancestors(of: $0) })
      return all.reduce(0) { $0 + (index.entries[$1]?.bytes ?? 0) }
    }
  }

  /// Moves a damaged snapshot, and all that continue it, out of the way.
  ///
  /// - Returns: The names of what was moved.
  /// - Throws: `SystemError`.
  package func quarantine(_ name: StoreName) throws -> [StoreName] {
    try Folder.create(quarantinePath)
    let all = try withIndex { $0.descendants(of: name) }
    for name in all.reversed() where Folder.isFile(path(of: name)) {
      try Folder.move(path(of: name), to: Folder.path(quarantinePath, name.fileName))
    }
    return all
  }

  /// Where damaged snapshots are.
  package var quarantinePath: String { Folder.path(path, "quarantine") }

  private func descendants(of name: StoreName) throws -> [StoreName] {
    try withIndex { index in
      if let problem = index.problems[name]?.error as? KeyProblem {
        // What it continues, and what continues it, cannot be told.
        throw problem
      }
      guard index.entries[name] != nil || index.problems[name] != nil else {
        throw StoreRefusal.noContext(name.description)
      }
      return index.descendants(of: name)
    }
  }

  /// Removes a snapshot that nobody uses and none continues.
  ///
  /// - Returns: Whether it is gone.
  private func removeLeaf(_ name: StoreName) throws -> Bool {
    let path = path(of: name)
    do {
      guard let lock = try FileLock(ifFree: path) else { return false }
      defer { withExtendedLifetime(lock) {} }
      // Whoever held the lock may have written a child.
      guard try withIndex(isFresh: true, { $0.children[name] }) == nil else { return false }
      try Folder.removeFile(path)
      return true
    } catch let error as SystemError where error.isMissingInput { return true }
  }
}
