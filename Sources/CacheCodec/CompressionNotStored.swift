/// A snapshot does not hold the pairs of a compression that was asked for.
public struct CompressionNotStored: Error, Equatable, Sendable, CustomStringConvertible {
  /// The snapshot.
  public let path: String
  /// The compression that was asked for, or nil for the whole cache.
  public let requested: Int?
  /// The least compression that the snapshot holds.
  public let least: Int

  /// Names what is missing.
  public init(path: String, requested: Int?, least: Int) {
    self.path = path
    self.requested = requested
    self.least = least
  }

  /// The file, what it holds, and what to do.
  public var description: String {
    let missing = requested.map { "×\($0)" } ?? "the whole cache"
    return "\(path): \(missing) is not in this snapshot, only ×\(least) and more; "
      + "ask for that, or prefill again with less compression"
  }
}
