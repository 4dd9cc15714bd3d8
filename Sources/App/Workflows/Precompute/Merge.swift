import ByteIO
import CacheFormat
import QFilters

/// Statistics of parts of a corpus, added up.
public enum Merge {
  /// What was done.
  public struct Result: Sendable {
    /// Tokens that the sums come from.
    public let tokens: Int
    /// Sequences that were summed, and how many the recipe has.
    public let sequences, of: Int
    /// The file's size.
    public let bytes: UInt64
  }

  /// Adds statistics up and writes the filters that follow, or the sums, by the ending of `out`.
  ///
  /// Files and their order do not matter to the result: it is what one run over all sequences writes.
  ///
  /// - Parameters:
  ///   - paths: At least one statistics file.
  ///   - out: Ends in `.qfilt`, for which no sequence may be missing, or in `.qstat`.
  /// - Throws: `SystemError`, `MalformedFile`; `IdentityMismatch` if a file is of another model than
  ///   the first; `MergeRefusal`.
  public static func run(_ paths: [String], out: String) throws -> Result {
    precondition(!paths.isEmpty)
    var sum = try Sum(path: paths[0])
    for path in paths.dropFirst() { try sum.add(path) }
    if out.hasSuffix(".qfilt") { try sum.checkComplete() }
    let bytes = try Precompute.write(sum.file, to: out)
    return Result(
      tokens: sum.statistics.tokens, sequences: sum.sequences.members.count,
      of: sum.sequences.count, bytes: bytes)
  }

  private struct Sum {
    private let firstPath: String
    private let identity: Identity
    private(set) var statistics: CalibrationStatistics
    private(set) var sequences: SequenceSet
    private var provenances: Set<String>

    init(path: String) throws {
      let file = try StatisticsFile(path: path)
      guard let sequences = file.sequences else { throw MergeRefusal.unknownSequences(path: path) }
      (firstPath, identity, statistics) = (path, file.identity, file.statistics)
      (self.sequences, provenances) = (sequences, [file.provenance])
    }

    mutating func add(_ path: String) throws {
      let other = try Sum(path: path)
      try other.identity.check(against: identity, path: path)
      guard other.statistics.shape == statistics.shape,
        other.statistics.queryHeads == statistics.queryHeads
      else { throw IdentityMismatch(path: path, differing: [.architecture]) }
      guard other.sequences.hasRecipe(of: sequences) else {
        throw MergeRefusal.otherRecipe(path: path, than: firstPath)
      }
      let twice = other.sequences.members.filter(sequences.contains)
      guard twice.isEmpty else { throw MergeRefusal.twice(path: path, sequences: twice) }
      try statistics.add(other.statistics)
      sequences.formUnion(other.sequences)
      provenances.formUnion(other.provenances)
    }

    func checkComplete() throws(MergeRefusal) {
      let missing = sequences.missing
      guard missing.isEmpty else {
        throw .missing(sequences: missing, of: sequences.count)
      }
    }

    var file: StatisticsFile {
      get throws {
        StatisticsFile(
          identity: identity, statistics: statistics, sequences: sequences,
          provenance: try Provenance.merged(provenances))
      }
    }
  }
}

/// Statistics do not go together.
public enum MergeRefusal: Error, CustomStringConvertible, Sendable {
  /// A file does not say which sequences were summed.
  case unknownSequences(path: String)
  /// A file is of another corpus, or of sequences of another number or length, than the first.
  case otherRecipe(path: String, than: String)
  /// Sequences of a file were summed already.
  case twice(path: String, sequences: [Int])
  /// Sequences are in no file.
  case missing(sequences: [Int], of: Int)

  /// One sentence that says what is wrong, and what to do if no option helps.
  public var description: String {
    switch self {
    case .unknownSequences(let path):
      "\(path) does not say which sequences it sums, so that a missing part would not be noticed; "
        + "compute it again with precompute"
    case .otherRecipe(let path, let first):
      "\(path) is of another corpus, or of other sequences, than \(first)"
    case .twice(let path, let sequences):
      "\(path): of its sequences, \(Self.list(sequences, "summed in another file already")); give each shard once"
    case .missing(let sequences, let total):
      "of \(total) sequences, \(Self.list(sequences, "missing"))"
    }
  }

  private static let shown = 8

  /// As in "3, 10 and 2 more are missing".
  private static func list(_ sequences: [Int], _ what: String) -> String {
    let names = sequences.prefix(shown).map { String($0 + 1) }.joined(separator: ", ")
    let rest = sequences.count - min(sequences.count, shown)
    let more = rest > 0 ? " and \(rest) more" : ""
    return "\(names)\(more) \(sequences.count == 1 ? "is" : "are") \(what)"
  }
}
