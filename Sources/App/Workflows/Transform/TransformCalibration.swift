import ByteIO
import CacheFormat
import Inference
import ModelFiles
import QFilters
import Transforms

/// The sums of a transform's calibration, which may be interrupted at any time and continued later.
///
/// Finished sequences are in a file of sums, which is replaced after every few sequences.
struct TransformCalibration {
  private let model: LoadedModel
  private let partialPath: String
  private let provenance: String
  /// One sequence in that many shows what noise does.
  private let probeInterval: Int
  private var sums: TransformSums
  private var done: SequenceSet
  private var hasPartialFile = false

  /// How many sequences an interrupted run may lose.
  private static let sequencesAtOnce = 4
  private static let usualProbeInterval = 7
  /// The most tokens of a probe, and how many of them are predicted.
  private static let (probeLength, predicted) = (768, 128)

  /// Continues from `partialPath` if that exists, or begins.
  ///
  /// - Parameter kinds: How many kinds of text take turns in the sequences.
  /// - Throws: `IdentityMismatch` or `PartialResult.otherRecipe` if that file is of another run.
  init(
    _ model: LoadedModel, _ set: SequenceSet, kinds: Int, provenance: String, partialPath: String
  ) throws {
    (self.model, self.provenance, self.partialPath) = (model, provenance, partialPath)
    probeInterval = Self.probeInterval(kinds: kinds)
    done = set
    sums = TransformSums(
      shape: CacheShape(of: model.engine.architecture),
      rope: model.engine.layerRoPE(length: set.length), values: try model.outputMetrics())
    guard Folder.hasFile(partialPath) else { return }
    let partial = try TransformSumsFile(path: partialPath)
    try partial.identity.check(against: model.identity, path: partialPath)
    guard partial.sequences.hasRecipe(of: set), partial.sums.isOfSameModel(as: sums) else {
      throw PartialResult.otherRecipe(path: partialPath)
    }
    (sums, done, hasPartialFile) = (partial.sums, partial.sequences, true)
  }

  /// The interval at which all kinds of text have their turn: it has no divisor in common with
  /// their number.
  static func probeInterval(kinds: Int) -> Int {
    var interval = usualProbeInterval
    while (2...interval).contains(where: { interval % $0 == 0 && kinds % $0 == 0 }) {
      interval += 1
    }
    return interval
  }

  /// The number of tokens that were summed.
  var tokens: Int { done.tokens }

  /// The sums as a file.
  var file: TransformSumsFile {
    TransformSumsFile(
      identity: model.identity, sums: sums, sequences: done, provenance: provenance)
  }

  /// Rejects sequences that are not the shard's.
  func checkResumed(in shard: Precompute.Shard) throws(PartialResult) {
    guard done.members.allSatisfy(shard.contains) else { throw .otherRecipe(path: partialPath) }
  }

  /// Sums the shard's sequences that are missing.
  mutating func run(
    _ sequences: [[Int]], shard: Precompute.Shard, progress: Progress
  ) throws {
    let total = sequences.indices.count(where: shard.contains) * done.length
    let missing = sequences.indices.filter { shard.contains($0) && !done.contains($0) }
    for (count, index) in missing.enumerated() {
      progress("calibrate", tokens, total)
      try add(sequences[index], index: index)
      done.insert(index)
      guard (count + 1) % Self.sequencesAtOnce == 0, index != missing.last else { continue }
      _ = try file.write(to: partialPath)
      hasPartialFile = true
    }
  }

  /// Removes the file of what was finished, if there is one.
  func removePartialFile() throws(SystemError) {
    if hasPartialFile { try Folder.removeFile(partialPath) }
  }

  /// Adds the sequence of that index.
  private mutating func add(_ tokens: [Int], index: Int) throws {
    let cache = try KVCache(shape: model.engine.cacheShape, dtype: .f32, capacity: tokens.count)
    var squares = QuerySquares(model.engine.architecture)
    try model.engine.observe(tokens, into: cache) { squares.add($1, layer: $0, count: $2) }
    let positions = (0..<UInt32(tokens.count)).dropFirst(CacheTransform.exactPositions).map(\.self)
    for (group, heads) in sums.groups.enumerated() {
      let rows = cache.rows(of: heads, at: positions[...], rope: sums.rope)
      try sums.add(rows, group: group)
    }
    sums.add(positions: positions.count, squares: squares.sums)
    guard index % probeInterval == 0 else { return }
    let weights = sums.keyWeights(squares.sums, positions: tokens.count)
    let metric = zip(weights, sums.values).map { HeadMetric(key: $0, value: $1) }
    var probe = TransformProbe(model, metric: metric)
    let sample = Array(tokens.prefix(Self.probeLength))
    sums.add(sensitivity: try probe.run(sample, predicted: min(Self.predicted, sample.count / 4)))
  }
}

/// Σ q² of each element of the queries that share a KV head.
private struct QuerySquares {
  private let model: ModelConfig
  /// [heads × keyLength].
  private(set) var sums: [Double]

  init(_ model: ModelConfig) {
    self.model = model
    sums = [Double](repeating: 0, count: model.layers * model.kvHeads * model.keyLength)
  }

  mutating func add(_ queries: Matrix, layer: Int, count: Int) {
    let length = model.keyLength
    for row in 0..<count {
      let query = queries.row(row)
      for head in 0..<model.queryHeads {
        let first = (layer * model.kvHeads + head / model.group) * length
        for index in 0..<length {
          let value = Double(query[head * length + index])
          sums[first + index] += value * value
        }
      }
    }
  }
}

extension LoadedModel {
  /// [heads]: the metric of each KV head's values (`TransformSums.outputMetric`).
  fileprivate func outputMetrics() throws -> [[Float]] {
    let model = engine.architecture
    let length = model.valueLength
    let matrices = Dictionary(uniqueKeysWithValues: engine.tensors.map { ($0.name, $0) })
    return try (0..<model.layers).flatMap { layer in
      var heads = [[Float]](repeating: [], count: model.queryHeads)
      if let matrix = matrices["blk.\(layer).attn_output.weight"] {
        for row in 0..<matrix.rows {
          let weights = matrix.decodedRow(row)
          for head in heads.indices { heads[head] += weights[head * length..<(head + 1) * length] }
        }
      }
      return try (0..<model.kvHeads).map { head in
        let group = heads[head * model.group..<(head + 1) * model.group]
        return try TransformSums.outputMetric(Array(group), length: length)
      }
    }
  }
}
