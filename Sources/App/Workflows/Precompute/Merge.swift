package import ByteIO
import CacheFormat
import QFilters

/// Statistics of parts of a corpus, added up.
package enum Merge {
  /// What was done.
  package struct Result: Sendable {
    /// The number of tokens that were summed.
    package let tokens: Int
    /// The number of sequences that were summed, and the recipe's.
    package let sequences, of: Int
    /// The file's size.
    package let bytes: UInt64
  }

  /// Adds statistics up and writes their filters, or the sums, by the ending of `out`. Likewise
  /// sums for a transform.
  ///
  /// The result does not depend on files and their order: it is what one run over all sequences
  /// writes.
  ///
  /// - Parameters:
  ///   - paths: At least one statistics file.
  ///   - out: Ends in `.qfilt` or `.qtrans`, for which no sequence may be missing, or in `.qstat`
  ///     or `.qtsum`.
  /// - Throws: `SystemError`, `MalformedFile`; `IdentityMismatch` if a file is of another model
  ///   than the first; `MergeRefusal`.
  package static func run(_ paths: [String], out: String) throws -> Result {
    precondition(!paths.isEmpty)
    try check(paths[0], becomes: out)
    if out.hasSuffix(".qtrans") || out.hasSuffix(".qtsum") {
      return try transform(paths, out: out)
    }
    var sum = try Sum(path: paths[0])
    for path in paths.dropFirst() { try sum.add(path) }
    if out.hasSuffix(".qfilt") { try checkComplete(sum.sequences) }
    let bytes = try Precompute.write(sum.file, to: out)
    return Result(
      tokens: sum.statistics.tokens, sequences: sum.sequences.members.count,
      of: sum.sequences.count, bytes: bytes)
  }

  /// Rejects an output that the first file cannot become.
  private static func check(_ path: String, becomes out: String) throws {
    let ofTransform = [".qtrans", ".qtsum"].contains(where: out.hasSuffix)
    switch try ContainerReader(path: path).header.kind {
    case .transformSums where !ofTransform: throw MergeRefusal.onlyTransform(path: path)
    case .statistics where ofTransform: throw MergeRefusal.onlyFilters(path: path)
    default: return
    }
  }

  /// Rejects sequences of another recipe, and those that were summed already.
  static func check(
    _ sequences: SequenceSet, after summed: SequenceSet, paths: (first: String, other: String)
  ) throws(MergeRefusal) {
    guard sequences.hasRecipe(of: summed) else {
      throw .otherRecipe(path: paths.other, than: paths.first)
    }
    let twice = sequences.members.filter(summed.contains)
    guard twice.isEmpty else { throw .twice(path: paths.other, sequences: twice) }
  }

  /// Rejects sums in which sequences are missing.
  static func checkComplete(_ sequences: SequenceSet) throws(MergeRefusal) {
    let missing = sequences.missing
    guard missing.isEmpty else { throw .missing(sequences: missing, of: sequences.count) }
  }

  private struct Sum {
    private let firstPath: String
    private let identity: Identity
    private(set) var statistics: CalibrationStatistics
    private var pairs: LinearScoreSums?
    private(set) var sequences: SequenceSet
    private var provenances: Set<String>

    init(path: String) throws {
      let file = try StatisticsFile(path: path)
      guard let sequences = file.sequences else { throw MergeRefusal.unknownSequences(path: path) }
      (firstPath, identity, statistics) = (path, file.identity, file.statistics)
      pairs = file.pairs
      (self.sequences, provenances) = (sequences, [file.provenance])
    }

    mutating func add(_ path: String) throws {
      let other = try Sum(path: path)
      try other.identity.check(against: identity, path: path)
      guard other.statistics.shape == statistics.shape,
        other.statistics.queryHeads == statistics.queryHeads
      else { throw IdentityMismatch(path: path, differing: [.architecture]) }
      try check(other.sequences, after: sequences, paths: (firstPath, path))
      guard (other.pairs == nil) == (pairs == nil) else {
        throw other.pairs == nil
          ? MergeRefusal.noBudgets(path: path, than: firstPath)
          : MergeRefusal.noBudgets(path: firstPath, than: path)
      }
      guard other.pairs?.shape == pairs?.shape, other.pairs?.rope == pairs?.rope else {
        throw MergeRefusal.otherRoPE(path: path, than: firstPath)
      }
      try statistics.add(other.statistics)
      if let sums = other.pairs { try pairs?.add(sums) }
      sequences.formUnion(other.sequences)
      provenances.formUnion(other.provenances)
    }

    var file: StatisticsFile {
      get throws {
        StatisticsFile(
          identity: identity, statistics: statistics, pairs: pairs, sequences: sequences,
          provenance: try Provenance.merged(provenances))
      }
    }
  }
}

/// Statistics cannot be added up.
package enum MergeRefusal: CategorisedError, Sendable {
  /// Sums for a transform are to become filters or statistics.
  case onlyTransform(path: String)
  /// Statistics are to become a transform or its sums.
  case onlyFilters(path: String)
  /// A file does not say which sequences were summed.
  case unknownSequences(path: String)
  /// A file is of another corpus than the first, or its recipe has another number or length of
  /// sequences.
  case otherRecipe(path: String, than: String)
  /// A file has no sums for budgets by head, and another has them.
  case noBudgets(path: String, than: String)
  /// A file's sums for budgets are of another RoPE, or of other values, than the first one's.
  case otherRoPE(path: String, than: String)
  /// Sequences of a file were summed already.
  case twice(path: String, sequences: [Int])
  /// Some sequences are in no file.
  case missing(sequences: [Int], of: Int)

  /// Another output can be made; otherwise no other category fits.
  package var category: FailureCategory {
    switch self {
    case .onlyTransform, .onlyFilters: .usage
    default: .other
    }
  }

  /// One sentence that says what is wrong, and what to do if no option helps.
  package var description: String {
    switch self {
    case .onlyTransform(let path):
      "\(path) holds sums for a transform, not statistics for Q-Filters"
    case .onlyFilters(let path):
      "\(path) holds statistics for Q-Filters, not sums for a transform"
    case .unknownSequences(let path):
      "\(path) does not say which sequences it sums, so a missing part would not be noticed; "
        + "compute it again with precompute"
    case .otherRecipe(let path, let first):
      "\(path) is of another corpus, or of other sequences, than \(first)"
    case .noBudgets(let path, let other):
      "\(path) has no sums for budgets by head, and \(other) has them"
    case .otherRoPE(let path, let first):
      "the sums in \(path) are of another RoPE, or other weights, than those in \(first); "
        + "compute one of them again"
    case .twice(let path, let sequences):
      "\(path): \(Self.list(sequences, "summed in another file already")); "
        + "give each shard once"
    case .missing(let sequences, let total):
      "\(Self.list(sequences, "missing")), of \(total) in all"
    }
  }

  private static let shown = 8

  /// As in "sequences 3, 10 and 2 more are missing".
  private static func list(_ sequences: [Int], _ what: String) -> String {
    let names = sequences.prefix(shown).map { String($0 + 1) }.joined(separator: ", ")
    let rest = sequences.count - min(sequences.count, shown)
    let more = rest > 0 ? " and \(rest) more" : ""
    return sequences.count == 1
      ? "sequence \(names) is \(what)" : "sequences \(names)\(more) are \(what)"
  }
}
