/// Files in other folders that a snapshot may need.
public struct Companions: Sendable {
  /// Snapshots that it may continue. One that has the digest is preferred to a file in the child's
  /// folder.
  public var parents: [String] = []
  /// Transforms that may have coded it. One that has the digest is preferred to a file in its
  /// folder.
  public var transforms: [String] = []

  /// Whether there are none.
  public var isEmpty: Bool { parents.isEmpty && transforms.isEmpty }

  /// None.
  public init() {}
}
