package import ByteIO
import CacheFormat
import Inference
import ModelFiles
import QFilters

/// The sums of a calibration that may be interrupted at any time and continued later.
///
/// Finished sequences are in a statistics file, which is replaced after every few sequences.
struct Calibration {
  private let model: LoadedModel
  private let partialPath: String
  private let provenance: String
  private var statistics: CalibrationStatistics
  /// Sums for the linear score; nil if none is to be learnt.
  private var pairs: LinearScoreSums?
  private var done: SequenceSet
  private var hasPartialFile = false

  /// Sequences that go through the layers together, so that each layer's weights are read once for
  /// all of them. A greater number would take more memory, and an interrupted run would lose more.
  private static let sequencesAtOnce = 4

  /// What the path of finished sequences adds to that of the result.
  static let partialEnding = ".partial"

  /// Continues from `partialPath` if that exists, or begins.
  ///
  /// - Parameter learnsBudgets: Whether a linear score is to be learnt, which takes
  ///   questions about each sequence.
  /// - Throws: `IdentityMismatch` or `PartialResult.otherRecipe` if that file is of another run.
  init(
    _ model: LoadedModel, _ set: SequenceSet, learnsBudgets: Bool, provenance: String,
    partialPath: String
  ) throws {
    let architecture = model.engine.architecture
    (self.model, self.provenance, self.partialPath) = (model, provenance, partialPath)
    done = set
    statistics = CalibrationStatistics(
      shape: FilterShape(of: architecture), queryHeads: architecture.queryHeads)
    pairs =
      learnsBudgets
      ? LinearScoreSums(
        shape: CacheShape(of: architecture),
        rope: model.engine.layerRoPE(length: set.length)) : nil
    guard Folder.hasFile(partialPath) else { return }
    let partial = try StatisticsFile(path: partialPath)
    try partial.identity.check(against: model.identity, path: partialPath)
    guard let finished = partial.sequences, finished.hasRecipe(of: set),
      partial.statistics.shape == statistics.shape,
      partial.statistics.queryHeads == statistics.queryHeads,
      partial.pairs?.shape == pairs?.shape, partial.pairs?.rope == pairs?.rope
    else { throw PartialResult.otherRecipe(path: partialPath) }
    (statistics, pairs, done) = (partial.statistics, partial.pairs, finished)
    hasPartialFile = true
  }

  /// The number of tokens that were summed.
  var tokens: Int { statistics.tokens }

  /// The sums as a file.
  var file: StatisticsFile {
    StatisticsFile(
      identity: model.identity, statistics: statistics, pairs: pairs, sequences: done,
      provenance: provenance)
  }

  /// Rejects sequences that are not the shard's.
  func checkResumed(in shard: Precompute.Shard) throws(PartialResult) {
    guard done.members.allSatisfy(shard.contains) else { throw .otherRecipe(path: partialPath) }
  }

  /// Sums the shard's sequences that are missing.
  mutating func run(
    _ sequences: CorpusSequences, shard: Precompute.Shard, progress: Progress
  ) throws {
    let wanted = (0..<done.count).filter(shard.contains)
    let total = wanted.count * done.length
    let last = wanted.last { !done.contains($0) }
    var batch: [(index: Int, tokens: [Int])] = []
    let corpus = try sequences.forEach { index, tokens in
      guard shard.contains(index), !done.contains(index) else { return }
      batch.append((index, tokens))
      guard batch.count == Self.sequencesAtOnce || index == last else { return }
      try add(batch.map(\.tokens)) { progress("calibrate", $0, total) }
      for (index, _) in batch { done.insert(index) }
      batch = []
      guard index != last else { return }
      _ = try file.write(to: partialPath)
      hasPartialFile = true
    }
    guard corpus == done.corpus else { throw PartialResult.corpusChanged }
  }

  private mutating func add(_ batch: [[Int]], progress: (Int) -> Void) throws {
    let before = tokens
    let length = batch.reduce(0) { $0 + $1.count }
    let layers = model.engine.architecture.layers
    let questions = pairs == nil ? nil : QuestionPass(model)
    let sequences = try batch.map {
      FollowedSequence($0, followUps: try questions?.questions(about: $0) ?? [])
    }
    try model.engine.observeByLayer(sequences) { layer, queries, count in
      try statistics.add(layer: layer, queries: queries.leadingRows(count), count: count)
      progress(before + length * layer / layers)
    } followed: { layer, cache, peaks in
      let pairs = cache.pairs(ofLayer: layer, last: cache.nextPosition)
      try self.pairs?.add(
        pairs, targets: peaks.map(AttentionTarget.scores),
        watched: pairs.positions.indices.filter { pair in peaks.contains { $0[pair].isFinite } })
    }
    progress(before + length)
  }

  /// Removes the file of what was finished, if there is one.
  func removePartialFile() throws(SystemError) {
    if hasPartialFile { try Folder.removeFile(partialPath) }
  }
}

/// The work of an earlier run cannot be continued.
package enum PartialResult: CategorisedError, Sendable {
  /// It holds other sequences, or sequences of another corpus.
  case otherRecipe(path: String)
  /// The corpus was changed while it was being read.
  case corpusChanged

  /// No other category fits.
  package var category: FailureCategory { .other }

  /// One sentence that says what is wrong and what to do.
  package var description: String {
    switch self {
    case .otherRecipe(let path):
      "\(path) is the unfinished work of another run, with another corpus, or other options; "
        + "run that one again, or delete the file"
    case .corpusChanged: "the corpus changed while it was read; run again when nothing writes to it"
    }
  }
}
