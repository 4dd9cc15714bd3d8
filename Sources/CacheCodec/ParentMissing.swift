public import CacheFormat

/// A snapshot goes on from another one that is not where it was looked for.
public struct ParentMissing: Error, Equatable, Sendable, CustomStringConvertible {
  /// The snapshot that goes on.
  public let path: String
  /// What it goes on from.
  public let parent: ParentReference
  /// Whether other files were named, none of which has the digest.
  public let othersAreNamed: Bool

  /// Names both.
  public init(path: String, parent: ParentReference, othersAreNamed: Bool) {
    self.path = path
    self.parent = parent
    self.othersAreNamed = othersAreNamed
  }

  /// The file, which one is missing, and what to do.
  public var description: String {
    let digest = "\(parent.digest.description.prefix(16))…"
    return
      "\(path): PRNT: it goes on from \(parent.fileName) of digest \(digest), which is not in its folder; "
      + (othersAreNamed
        ? "none of the files named has digest \(digest); name the one that has, or copy it there"
        : "copy it there, or name it with --parent")
  }
}
