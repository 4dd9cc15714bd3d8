public import CacheFormat

/// Files in other folders, and keys, that a snapshot may need.
public struct Companions: Sendable {
  /// Snapshots that it may continue. One that has the digest is preferred to a file in the child's
  /// folder.
  public var parents: [String] = []
  /// Transforms that may have coded it. One that has the digest is preferred to a file in its
  /// folder.
  public var transforms: [String] = []

  /// Keys for those of them, and of its own snapshots, that are encrypted.
  public var keys = KeyRing.none

  /// Whether no files are named.
  public var isEmpty: Bool { parents.isEmpty && transforms.isEmpty }

  /// None.
  public init() {}
}
