import ByteIO
import CacheCodec
import CacheFormat

extension Store {
  /// Copies a snapshot into the store, after checking every byte of it.
  ///
  /// - Parameter replaces: Whether it may replace a snapshot of that name that none continues.
  /// - Throws: `StoreRefusal`; `MalformedFile`, `KeyProblem`, `SystemError`.
  package func add(_ path: String, as name: StoreName, replaces: Bool = false) throws -> StoreEntry
  {
    try check(name, replaces: replaces)
    try Verify.run(path: path, keys: keys)
    let source = try RandomAccessFile(path: path)
    if let parent = try SnapshotReader(path: path, keys: keys).metadata.parent {
      throw StoreRefusal.continuesAnother(path, parent: parent.fileName)
    }
    var copy = try SequentialFile(path: self.path(of: name))
    for start in stride(from: 0, to: source.size, by: Self.piece) {
      let count = Int(min(UInt64(Self.piece), source.size - start))
      try copy.write(source.read(at: start, count: count, section: "file"))
    }
    _ = try copy.commit()
    try keepWithinLimit(new: name)
    return try entry(name)
  }

  private static let piece = 1 << 20

  /// Rejects a name that is taken.
  ///
  /// - Parameter replaces: Whether it may be taken by a snapshot that none continues.
  /// - Throws: `StoreRefusal`, `SystemError`.
  package func check(_ name: StoreName, replaces: Bool) throws {
    try withIndex { index in
      guard index.entries[name] != nil || index.problems[name] != nil else { return }
      guard replaces else { throw StoreRefusal.nameTaken(name.description) }
      let children = index.descendants(of: name).count - 1
      guard children == 0 else {
        throw StoreRefusal.hasChildren(name.description, children: children)
      }
    }
  }

  /// Checks every byte of every snapshot.
  ///
  /// - Parameter progress: Receives how many of them are done.
  /// - Returns: The damaged snapshots and their errors. A child of a damaged one is not among them.
  /// - Throws: `SystemError`.
  package func verify(progress: Progress) throws -> [(name: StoreName, error: any Error)] {
    let contents = try contents()
    var problems = contents.problems
    for (done, entry) in contents.entries.enumerated() {
      progress("verify", done, contents.entries.count)
      do {
        try Verify.run(path: path(of: entry.name), keys: keys)
        _ = try SnapshotChain(path: path(of: entry.name), with: companions)
      } catch let error as SystemError where error.isMissingInput {
        // Another process removed it.
      } catch let error as MalformedFile where error.path != path(of: entry.name) {
        // The parent's damage is reported for the parent.
      } catch {
        problems.append((entry.name, error))
      }
    }
    progress("verify", contents.entries.count, contents.entries.count)
    return problems
  }

  /// Writes a context as one snapshot without a parent.
  ///
  /// - Returns: The file's size in bytes.
  /// - Throws: As `Recompress.run`; `StoreRefusal`.
  package func export(_ name: StoreName, to out: String, progress: Progress) throws -> UInt64 {
    let match = try match(name)
    defer { withExtendedLifetime(match) {} }
    return try Recompress.run(
      snapshot: path(of: name), with: companions, options: Recompress.Options(), out: out,
      progress: progress
    ).bytes
  }
}
