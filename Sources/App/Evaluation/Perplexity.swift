package import Workflows
import CacheFormat
import Glibc
import Inference
package import QFilters

/// Language modelling over a text.
package enum Perplexity {
  /// One sequence with one method.
  package struct Cell: ResultCell {
    /// The method's name.
    package let method: String
    /// ×N of a compressed prompt; 1 otherwise.
    package let compression: Int
    /// Which sequence of the text.
    package let sequence: Int
    /// −ln p(token | those before it) of each token that was scored, in nats.
    package let losses: [Float]

    /// Method, compression and sequence.
    package var subject: [String] { [method, "\(compression)", "\(sequence)"] }

    /// Checks that sequences are of one length, figures finite, and the methods' names.
    package static func problem(_ cells: [Cell]) -> String? {
      let isSound = cells.allSatisfy {
        Method(rawValue: $0.method) != nil
          && !$0.losses.isEmpty && $0.losses.count == cells[0].losses.count
          && $0.losses.allSatisfy { $0.isFinite && $0 > -1 }
          && (1...1 << 24).contains($0.compression)
          && (0...1 << 24).contains($0.sequence)
      }
      return isSound
        ? nil : "an unknown method, sequences of different lengths, or a figure outside its range"
    }
  }

  /// Which sequences of a text.
  package struct Text: Sendable {
    /// UTF-8.
    package let bytes: [UInt8]
    /// How many consecutive sequences.
    package let sequences: Int
    /// Tokens in each; a begin-of-text token, where the model adds one, counts.
    package let length: Int

    /// The first `sequences` sequences of `length` tokens.
    package init(_ bytes: [UInt8], sequences: Int, length: Int) {
      (self.bytes, self.sequences, self.length) = (bytes, sequences, length)
    }

    var settings: [String: String] {
      ["text": Digest(of: bytes).description, "tokens in a sequence": "\(length)"]
    }

    /// Token ids, [sequences][length].
    func split(_ model: LoadedModel) throws -> [[Int]] {
      try Sequences.split(bytes, count: sequences, length: length, model: model)
    }
  }

  /// How many pairs a head may hold.
  package struct Budget: Sendable {
    /// At most so many.
    package let pairs: Int
    /// So many last pairs always stay.
    package let window: Int

    /// Brings both together.
    package init(pairs: Int, window: Int) { (self.pairs, self.window) = (pairs, window) }
  }

  /// Scores consecutive sequences with each method: the whole cache with one forward pass, the others under
  /// a budget, token by token. All tokens but the first are scored.
  ///
  /// - Parameters:
  ///   - budget: Nil if the whole cache is the only method.
  ///   - bank: Nil if no method needs filters.
  ///   - out: A folder that keeps every sequence in `perplexity.json`; those that are there are not scored
  ///     again.
  /// - Throws: `PromptError` if the text is too short or a sequence too long, `IdentityMismatch` if the
  ///   filters are another model's, `MalformedFile` if they do not fit it, `OtherResults`, `SystemError`.
  package static func run(
    _ model: LoadedModel, _ text: Text, methods: [Method], budget: Budget?, bank: FilterBank?,
    bankPath: String, out: String?, progress: Progress
  ) throws -> Results<Cell> {
    let parts = try text.split(model)
    let file = try file(model, bank, bankPath, text, budget, out)
    let missing = methods.flatMap { method in
      batches(
        of: method,
        parts.indices.filter { index in
          !file.results.cells.contains { $0.method == method.rawValue && $0.sequence == index }
        })
    }
    let total = missing.reduce(0) { $0 + $1.sequences.count } * text.length
    return try file.collect {
      var done = 0
      progress("score", done, total)
      for (method, sequences) in missing {
        let eviction = budget.map {
          Eviction(method, budget: $0.pairs, window: $0.window, bank: bank, bankPath: bankPath)
        }
        let losses = try losses(
          model, sequences.map { parts[$0] }, method == .full ? nil : eviction
        ) {
          progress("score", done + $0 * sequences.count, total)
        }
        try file.append(
          zip(sequences, losses).map { index, losses in
            Cell(
              method: method.rawValue, compression: 1, sequence: index,
              losses: losses.map { Float($0) })
          })
        done += sequences.count * text.length
      }
    }
  }

  private static func file(
    _ model: LoadedModel, _ bank: FilterBank?, _ bankPath: String, _ text: Text,
    _ budget: Budget?, _ out: String?
  ) throws -> ResultFile<Cell> {
    try bank?.check(model, path: bankPath)
    var settings = text.settings
    if let budget {
      (settings["budget"], settings["window"]) = ("\(budget.pairs)", "\(budget.window)")
      settings["Q-Filters"] = RetentionPolicy.publishedScore
    }
    return try ResultFile(
      folder: out, name: "perplexity", origin: ResultOrigin(model, bank), settings: settings)
  }

  /// Refuses, as `run` would, another model's filters and a folder with results of something else.
  ///
  /// - Throws: `IdentityMismatch`, `OtherResults`, `MalformedFile`, `SystemError`.
  package static func check(
    _ folder: String, _ model: LoadedModel, bank: FilterBank?, bankPath: String, _ text: Text,
    budget: Budget?
  ) throws { _ = try file(model, bank, bankPath, text, budget, folder) }

  /// Sequences that are scored together: token by token several at once are faster, each weight being read once.
  private static func batches(
    of method: Method, _ sequences: [Int]
  ) -> [(method: Method, sequences: [Int])] {
    let size = method == .full ? 1 : Engine.mostSequences
    return stride(from: 0, to: sequences.count, by: size).map {
      (method, Array(sequences[$0..<min(sequences.count, $0 + size)]))
    }
  }

  private static func losses(
    _ model: LoadedModel, _ sequences: [[Int]], _ eviction: Eviction?, progress: (Int) -> Void
  ) throws -> [[Double]] {
    if let eviction { return try evicting(model, sequences, eviction, progress: progress) }
    return try sequences.map { tokens in
      let cache = try KVCache(
        shape: model.engine.cacheShape, dtype: .f32, capacity: tokens.count)
      return try model.engine.negativeLogLikelihoods(tokens, into: cache, progress: progress)
    }
  }

  /// −ln p of every token but the first of each sequence, given the pairs that the budget left of those before it.
  private static func evicting(
    _ model: LoadedModel, _ sequences: [[Int]], _ eviction: Eviction, progress: (Int) -> Void
  ) throws -> [[Double]] {
    let caches = try sequences.map { _ in
      try KVCache(
        shape: model.engine.cacheShape, dtype: .f32, capacity: eviction.budget + 1)
    }
    var losses = [[Double]](repeating: [], count: sequences.count)
    for place in sequences[0].indices.dropLast() {
      let step = try model.engine.decodeBatch(
        sequences.map { $0[place] }, into: caches, next: sequences.map { $0[place + 1] })
      for (sequence, loss) in step.enumerated() { losses[sequence].append(loss) }
      for cache in caches { eviction.apply(to: cache) }
      progress(place + 2)
    }
    return losses
  }
}
