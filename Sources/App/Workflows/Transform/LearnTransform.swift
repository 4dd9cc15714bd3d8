import ByteIO
import CacheCodec
import CacheFormat
import ModelFiles

/// A model's transform from texts of several kinds.
package enum LearnTransform {
  /// What was done.
  package struct Result: Sendable {
    /// How many tokens were summed.
    package let tokens: Int
    /// How long it took.
    package let seconds: Double
    /// The file's size.
    package let bytes: UInt64
  }

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

  /// Learns a model's transform and writes it.
  ///
  /// - Parameters:
  ///   - model: Exact, as differences between caches are measured.
  ///   - kinds: Each is a kind of text, from which equally many sequences are taken.
  ///   - sequences: The most of all kinds together.
  ///   - length: Tokens in each.
  /// - Throws: `SystemError`, `MalformedFile`, `PromptError`, `CalibrationError`, `EngineError`.
  package static func run(
    _ model: LoadedModel, kinds: [Corpus], sequences: Int, length: Int, out: String,
    progress: Progress
  ) throws -> Result {
    try AtomicFile.checkWritable(out)
    let clock = Stopwatch()
    let texts = try MixedSequences(kinds, model: model, count: sequences, length: length)
    var calibration = try TransformCalibration(model, length: length)
    let total = texts.sequences.count * length
    for (index, tokens) in texts.sequences.enumerated() {
      progress("calibrate", index * length, total)
      try calibration.add(tokens, index: index)
    }
    progress("find the basis", total, total)
    let origin = Origin(
      tokensSHA256: texts.digest.description, length: length,
      texts: zip(kinds, texts.counts).map {
        Kind(text: $0.paths.map(Folder.name(of:)).joined(separator: " "), tokens: $1 * length)
      })
    let file = TransformFile(
      identity: model.identity, transform: try calibration.transform(),
      provenance: try Provenance.json(model: model.file.name, origin: origin))
    return Result(tokens: total, seconds: clock.seconds, bytes: try file.write(to: out))
  }
}

/// Sequences of several kinds of text in turn.
private struct MixedSequences {
  /// In turn from each kind that has another.
  private(set) var sequences: [[Int]] = []
  /// How many are of each kind.
  let counts: [Int]
  /// SHA-256 of all token ids as `u32`.
  let digest: Digest

  /// - Throws: `PromptError.tooShort` if no kind has a sequence; `.sequenceTooLong`.
  init(_ kinds: [Corpus], model: LoadedModel, count: Int, length: Int) throws {
    let share = (count + kinds.count - 1) / kinds.count
    let all = try kinds.map {
      let recipe = Precompute.Recipe(sequences: share, length: length)
      return try CorpusSequences($0, recipe: recipe, model: model).available()
    }
    for index in 0..<share {
      for kind in all where index < kind.count && sequences.count < count {
        sequences.append(kind[index])
      }
    }
    guard !sequences.isEmpty else { throw PromptError.tooShort(tokens: 0, needed: length) }
    counts = all.enumerated().map { kind, found in
      found.indices.count { $0 * kinds.count + kind < count }
    }
    var ids = ByteWriter()
    for token in sequences.joined() { ids.write(UInt32(clamping: token)) }
    digest = Digest(of: ids.bytes)
  }
}
