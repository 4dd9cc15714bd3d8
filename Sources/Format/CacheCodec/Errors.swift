public import ByteIO
public import CacheFormat

/// A snapshot does not hold the pairs of a requested compression.
public struct CompressionNotStored: CategorisedError, Equatable, Sendable {
  /// The snapshot.
  public let path: String
  /// The requested compression, or nil for the whole cache.
  public let requested: Int?
  /// The least compression that the snapshot holds.
  public let least: Int
  /// Whether its pairs are ranked.
  public let isRanked: Bool

  /// Names what is missing.
  public init(path: String, requested: Int?, least: Int, isRanked: Bool = true) {
    self.path = path
    self.requested = requested
    self.least = least
    self.isRanked = isRanked
  }

  /// Another request can be met.
  public var category: FailureCategory { .usage }

  /// The file, what it holds, and what helps.
  public var description: String {
    guard isRanked else { return "\(path) is not ranked, so ×1 is all that it holds" }
    let missing = requested.map { "×\($0)" } ?? "the whole cache"
    return "\(path) does not hold \(missing), only ×\(least) and more; "
      + "ask for that, or prefill again with less compression"
  }
}

/// A snapshot holds its pairs in fewer bits, or in another type, than the requested one.
public struct PrecisionNotStored: CategorisedError, Equatable, Sendable {
  /// The snapshot.
  public let path: String
  /// The requested precision.
  public let requested: String
  /// The stored precision.
  public let stored: String

  /// Names them.
  public init(path: String, requested: String, stored: String) {
    self.path = path
    self.requested = requested
    self.stored = stored
  }

  /// Another request can be met.
  public var category: FailureCategory { .usage }

  /// The file, what it holds, and what helps.
  public var description: String {
    guard !ElementCodec.foreign.contains(where: { $0.name == stored }) else {
      return "\(path): it holds \(stored), which is copied as it is; leave the precision out"
    }
    let possible = ["int8", "int4"].filter { stored != "int4" || $0 == "int4" }
    let names = Set([stored] + possible).sorted().joined(separator: ", ")
    return "\(path): \(requested) cannot be made from the \(stored) that this snapshot holds; "
      + "ask for one of \(names), or prefill again"
  }
}

/// A text does not name a precision.
public struct PrecisionRefusal: CategorisedError, Sendable {
  /// The text, or the term that is wrong.
  public let text: String
  /// The rule that it breaks.
  public let problem: String

  init(_ text: some StringProtocol, _ problem: String) {
    (self.text, self.problem) = (String(text), problem)
  }

  /// Another request can be met.
  public var category: FailureCategory { .usage }

  /// What is wrong, and what is allowed.
  public var description: String { "\(text) is no precision: \(problem)" }
}

/// A cache holds a number that int8 and int4 cannot store.
public struct NotQuantisable: CategorisedError, Equatable, Sendable {
  /// The snapshot to be written.
  public let path: String
  /// The layer.
  public let layer: Int
  /// The KV head.
  public let head: Int
  /// `keys` or `values`.
  public let tensor: String
  /// The requested precision.
  public let precision: String

  /// No other category fits.
  public var category: FailureCategory { .other }

  /// What is wrong, and where.
  public var description: String {
    "\(path): layer \(layer), head \(head): the \(tensor) hold a number that \(precision) cannot "
      + "store: not finite, or beyond the ±65504 of f16"
  }
}

/// The parent of a snapshot was not found.
public struct ParentMissing: CategorisedError, Equatable, Sendable {
  /// The child.
  public let path: String
  /// Its parent.
  public let parent: ParentReference
  /// Whether other files were named. None of them has the digest.
  public let othersAreNamed: Bool

  /// Names them.
  public init(path: String, parent: ParentReference, othersAreNamed: Bool) {
    self.path = path
    self.parent = parent
    self.othersAreNamed = othersAreNamed
  }

  /// An input is missing.
  public var category: FailureCategory { .noInput }

  /// The file, and which parent is missing.
  public var description: String {
    let others = othersAreNamed ? ", and no named file has that digest" : ""
    return
      "\(path): PRNT: it continues \(parent.fileName) of digest \(parent.digest.shortened), "
      + "which is not in its folder\(others)"
  }
}

/// The transform that coded a snapshot was not found.
public struct TransformMissing: CategorisedError, Equatable, Sendable {
  /// The snapshot.
  public let path: String
  /// Its transform.
  public let transform: TransformReference
  /// Whether files were named. None of them has the digest.
  public let othersAreNamed: Bool
  /// Whether another transform of that name is in the snapshot's folder.
  public let isReplaced: Bool

  /// An input is missing.
  public var category: FailureCategory { .noInput }

  /// The file, and which transform is missing.
  public var description: String {
    let others = othersAreNamed ? ", and no named file has that digest" : ""
    return
      "\(path): BLKS: it is coded by the transform \(transform.fileName) of digest "
      + "\(transform.digest.shortened), "
      + (isReplaced ? "and the file of that name has another" : "which is not in its folder")
      + others
  }
}

/// Pairs are stored by a codec of another program.
public struct PrivateCodec: CategorisedError, Equatable, Sendable {
  private let path: String
  private let place: String
  /// Its codec.
  public let codec: ElementCodec

  init(place: ChunkPlace, codec: ElementCodec) {
    (path, self.codec) = (place.path, codec)
    self.place = "\(place.tensor) of tier \(place.tier)"
  }

  /// What decodes it is missing.
  public var category: FailureCategory { .noInput }

  /// The chunk, and its codec.
  public var description: String {
    "\(path): CHNK: \(place) are in the private codec \(codec.rawValue), which only the program "
      + "that wrote them can decode"
  }
}
