package import ByteIO
package import CacheCodec
import Inference
import Tokenization
package import Workflows

/// What snapshots of one context predict, compared with the first of them.
package enum SnapshotFidelity {
  /// The greatest number of tokens after a context.
  package static let mostContinuation = Engine.chunk

  /// One snapshot.
  package struct Row: Sendable, Encodable {
    /// Its path.
    package let file: String
    /// The sizes of the snapshot's own file, and of its cache in memory.
    package let bytes, cacheBytes: UInt64
    /// Mean divergence of the next token's distribution from the first snapshot's, in nats.
    package let divergence: Double
    /// Mean −ln p of the tokens.
    package let negativeLogLikelihood: Double
  }

  /// Predicts a text that follows a context from each of its snapshots.
  ///
  /// - Parameters:
  ///   - model: Exact, so that differences are those of the caches.
  ///   - snapshots: They have the same tokens. Each is read whole.
  ///   - text: UTF-8.
  ///   - count: How many of its first tokens are predicted; at least 2.
  /// - Throws: `SnapshotsDiffer`, `PromptError.tooShort`; as `Resume.run`.
  package static func run(
    _ model: LoadedModel, snapshots: [String], with companions: Companions, text: [UInt8],
    count: Int, progress: Progress
  ) throws -> [Row] {
    let tokens = model.tokenizer.encode(text, parsingSpecials: false)
    guard tokens.count >= count else {
      throw PromptError.tooShort(tokens: tokens.count, needed: count)
    }
    let rest = Array(tokens.prefix(count))
    var reference: (context: [UInt32], predictions: Predictions)?
    return try snapshots.enumerated().map { index, path in
      progress("predict", index, snapshots.count)
      let stored = try StoredContext(model, path: path, with: companions, room: count)
      let predictions = try model.engine.predictions(rest, into: stored.cache)
      let first = reference ?? (stored.tokens, predictions)
      reference = first
      guard first.context == stored.tokens else {
        throw SnapshotsDiffer(path: path, other: snapshots[0])
      }
      let losses = predictions.negativeLogLikelihoods(rest)
      return Row(
        file: path, bytes: stored.bytes, cacheBytes: stored.cacheBytes,
        divergence: mean(try first.predictions.divergences(to: predictions)),
        negativeLogLikelihood: mean(losses))
    }
  }

  private static func mean(_ values: [Double]) -> Double {
    values.reduce(0, +) / Double(max(1, values.count))
  }
}

/// Snapshots that were to be compared are of different texts.
package struct SnapshotsDiffer: CategorisedError, Sendable {
  /// One snapshot.
  let path: String
  /// Another one.
  let other: String

  /// Another request can be met.
  package var category: FailureCategory { .usage }

  /// One sentence that says what is wrong.
  package var description: String { "\(path) and \(other) are of different texts" }
}
