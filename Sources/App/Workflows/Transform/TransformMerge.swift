import CacheFormat
import QFilters
import Transforms

extension Merge {
  /// Adds sums for a transform up, and writes its transform, or the sums.
  ///
  /// - Parameter out: Ends in `.qtrans`, for which no sequence may be missing, or in `.qtsum`.
  static func transform(_ paths: [String], out: String) throws -> Result {
    var sum = try TransformSumsFile(path: paths[0])
    var provenances: Set = [sum.provenance]
    for path in paths.dropFirst() {
      let other = try TransformSumsFile(path: path)
      provenances.insert(other.provenance)
      sum = try Self.sum(sum, other, paths: (paths[0], path))
    }
    if out.hasSuffix(".qtrans") { try checkComplete(sum.sequences) }
    let file = TransformSumsFile(
      identity: sum.identity, sums: sum.sums, sequences: sum.sequences,
      provenance: try Provenance.merged(provenances))
    return Result(
      tokens: file.sequences.tokens, sequences: file.sequences.members.count,
      of: file.sequences.count, bytes: try LearnTransform.write(file, to: out))
  }

  private static func sum(
    _ sum: TransformSumsFile, _ other: TransformSumsFile, paths: (first: String, other: String)
  ) throws -> TransformSumsFile {
    try other.identity.check(against: sum.identity, path: paths.other)
    try check(other.sequences, after: sum.sequences, paths: paths)
    guard other.sums.isOfSameModel(as: sum.sums) else {
      throw MergeRefusal.otherRoPE(path: paths.other, than: paths.first)
    }
    var (sums, sequences) = (sum.sums, sum.sequences)
    sums.add(other.sums)
    sequences.formUnion(other.sequences)
    return TransformSumsFile(
      identity: sum.identity, sums: sums, sequences: sequences, provenance: sum.provenance)
  }
}
