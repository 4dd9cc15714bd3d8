public import CacheFormat

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

/// A text says nothing about how keys and values are to be stored.
public struct PrecisionRefusal: Error, CustomStringConvertible, Sendable {
  /// The text, or the term that is wrong.
  public let text: String
  /// The rule that it breaks.
  public let problem: String

  init(_ text: some StringProtocol, _ problem: String) {
    (self.text, self.problem) = (String(text), problem)
  }

  /// What is wrong, and what may stand there.
  public var description: String { "\(text) is no precision: \(problem)" }
}

/// A cache holds a number that int8 and int4 cannot store.
public struct NotQuantisable: Error, Equatable, Sendable, CustomStringConvertible {
  /// The snapshot that was to be written.
  public let path: String
  /// The layer.
  public let layer: Int
  /// The KV head.
  public let head: Int
  /// `keys` or `values`.
  public let tensor: String
  /// The precision that was asked for.
  public let precision: String

  /// What is wrong, and where.
  public var description: String {
    "\(path): layer \(layer), head \(head): the \(tensor) hold a number that \(precision) cannot "
      + "store: beyond ±65504, the range of f16, or not finite"
  }
}

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

  /// The file, and which parent is missing.
  public var description: String {
    let digest = "\(parent.digest.description.prefix(16))…"
    let others = othersAreNamed ? ", and none of the files named has that digest" : ""
    return
      "\(path): PRNT: it continues \(parent.fileName) of digest \(digest), "
      + "which is not in its folder\(others)"
  }
}
