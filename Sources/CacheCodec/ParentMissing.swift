public import CacheFormat

/// A snapshot goes on from another one that is not where it was looked for.
public struct ParentMissing: Error, Equatable, Sendable, CustomStringConvertible {
  /// The snapshot that goes on.
  public let path: String
  /// What it goes on from.
  public let parent: ParentReference

  /// Names both.
  public init(path: String, parent: ParentReference) {
    self.path = path
    self.parent = parent
  }

  /// The file, which one is missing, and what to do.
  public var description: String {
    "\(path): PRNT: it goes on from \(parent.fileName) of digest "
      + "\(parent.digest.description.prefix(16))…, which is not in its folder; "
      + "copy it there, or name it with --parent"
  }
}
