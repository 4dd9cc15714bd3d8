import ByteIO
import CacheCodec
import CacheFormat
import ModelFiles
import QFilters
import Transforms

/// A model's transform from texts of several kinds.
package enum LearnTransform {
  /// A transform from fewer tokens fits other text badly: the heads of a group have up to 2,048
  /// numbers a token, and this is eight times as many.
  package static let fewestTokens = 16_384

  /// How many tokens a kind of text has.
  private struct Kind: Encodable {
    let text: String
    let tokens: Int
  }

  private struct Origin: Encodable {
    let tokensSHA256: String
    let length: Int
    let texts: [Kind]
  }

  /// Learns a model's transform and writes it, or writes its sums.
  ///
  /// Finished sequences are kept next to `out` in a file with the ending `.partial` until all are
  /// done. A run that finds this file continues from it.
  ///
  /// - Parameters:
  ///   - model: Exact, as differences between caches are measured.
  ///   - kinds: Each is a kind of text, from which equally many sequences are taken.
  ///   - recipe: The most sequences of all kinds together, and tokens in each.
  ///   - shard: Which of the sequences to use. Unless it is the whole, `out` is a file of sums.
  ///   - out: Ends in `.qtrans` or `.qtsum`.
  /// - Throws: `SystemError`, `MalformedFile`, `PromptError`, `CalibrationError`, `EngineError`,
  ///   `PartialResult`.
  package static func run(
    _ model: LoadedModel, kinds: [Corpus], recipe: Precompute.Recipe,
    shard: Precompute.Shard = .whole, out: String, progress: Progress
  ) throws -> Precompute.Result {
    try AtomicFile.checkWritable(out)
    let clock = Stopwatch()
    let texts = try MixedSequences(kinds, model: model, recipe: recipe)
    var calibration = try TransformCalibration(
      model, texts.set, kinds: kinds.count, provenance: provenance(model, kinds, texts),
      partialPath: out + ".partial")
    try calibration.checkResumed(in: shard)
    let resumed = calibration.tokens
    try calibration.run(texts.sequences, shard: shard, progress: progress)
    progress("find the basis", 1, 1)
    let bytes = try write(calibration.file, to: out)
    try calibration.removePartialFile()
    return Precompute.Result(
      tokens: calibration.tokens, resumedTokens: resumed, seconds: clock.seconds, bytes: bytes)
  }

  /// Writes sums, or their transform, by the ending of the path.
  static func write(_ file: TransformSumsFile, to path: String) throws -> UInt64 {
    guard path.hasSuffix(".qtrans") else { return try file.write(to: path) }
    return try TransformFile(
      identity: file.identity, transform: file.sums.transform(), provenance: file.provenance
    ).write(to: path)
  }

  private static func provenance(
    _ model: LoadedModel, _ kinds: [Corpus], _ texts: MixedSequences
  ) throws -> String {
    try Provenance.json(
      model: model.file.name,
      origin: Origin(
        tokensSHA256: texts.set.corpus.description, length: texts.set.length,
        texts: zip(kinds, texts.counts).map { kind, count in
          Kind(
            text: kind.paths.map(Folder.name(of:)).joined(separator: " "),
            tokens: count * texts.set.length)
        }))
  }
}

/// Sequences of several kinds of text in turn.
private struct MixedSequences {
  /// In turn from each kind that has another.
  let sequences: [[Int]]
  /// How many are of each kind.
  let counts: [Int]
  /// Its set of members is empty.
  let set: SequenceSet

  /// - Throws: `PromptError.kindTooShort` if a kind has no sequence; `.sequenceTooLong`.
  init(_ kinds: [Corpus], model: LoadedModel, recipe: Precompute.Recipe) throws {
    let (count, length) = (recipe.sequences, recipe.length)
    let share = (count + kinds.count - 1) / kinds.count
    let all = try kinds.map {
      let recipe = Precompute.Recipe(sequences: share, length: length)
      let found = try CorpusSequences($0, recipe: recipe, model: model).available()
      guard !found.sequences.isEmpty else {
        throw PromptError.kindTooShort(
          path: $0.paths.joined(separator: " "), tokens: found.tokens, needed: length)
      }
      return found.sequences
    }
    var (sequences, counts) = ([[Int]](), kinds.map { _ in 0 })
    for index in 0..<share {
      for (kind, found) in all.enumerated()
      where index < found.count && sequences.count < count {
        sequences.append(found[index])
        counts[kind] += 1
      }
    }
    var ids = ByteWriter()
    for token in sequences.joined() { ids.write(UInt32(clamping: token)) }
    set = SequenceSet(corpus: Digest(of: ids.bytes), count: sequences.count, length: length)
    (self.sequences, self.counts) = (sequences, counts)
  }
}
