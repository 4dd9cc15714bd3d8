/// A snapshot holds its pairs in fewer bits, or in another type, than was asked for.
public struct PrecisionNotStored: Error, Equatable, Sendable, CustomStringConvertible {
  /// The snapshot.
  public let path: String
  /// What was asked for.
  public let requested: String
  /// What it has in that place.
  public let stored: String

  /// Names both.
  public init(path: String, requested: String, stored: String) {
    self.path = path
    self.requested = requested
    self.stored = stored
  }

  /// The file, what it holds, and what to do.
  public var description: String {
    let possible = ["int8", "int4"].filter { stored != "int4" || $0 == "int4" }
    let names = Set([stored] + possible).sorted().joined(separator: ", ")
    return "\(path): \(requested) cannot be made from what this snapshot has in \(stored); "
      + "ask for one of \(names), or prefill again"
  }
}
