import QFilters
package import Workflows

extension Needle {
  /// One answer.
  package struct Cell: ResultCell, Equatable {
    /// The length that was asked for, in tokens.
    package let length: Int
    /// Tokens of the text, the template's included.
    package let tokens: Int
    /// Where the needle was, from 0 to 1.
    package let depth: Double
    /// ×N; 1 for the whole cache.
    package let compression: Int
    /// The method's name.
    package let method: String
    /// Whether the answer held all that was asked for.
    package let found: Bool
    /// The share that it held.
    package let score: Double
    /// The answer.
    package let text: String
    /// Why the answer ended; nil in results of older versions.
    package let stop: GenerationResult.Stop?
    /// Pairs held at the first token of the answer, over all layers and heads.
    package let pairs: Int

    /// Length, depth, compression and method.
    package var subject: [String] { Self.subject(length, depth, compression, method) }

    static func subject(
      _ length: Int, _ depth: Double, _ compression: Int, _ method: String
    ) -> [String] { ["\(length)", "\(depth)", "\(compression)", method] }

    /// Whether ×N leaves room for nothing but sinks and window, so that all methods that rank hold
    /// the same pairs.
    ///
    /// - Parameter settings: Those of the results.
    package func isProtectedAlone(_ settings: [String: String]) -> Bool {
      RetentionPolicy.isAlone(of: tokens, compression, method, settings)
    }

    /// Checks every figure's range, and the methods' names.
    package static func problem(_ cells: [Cell]) -> String? {
      let isValid = cells.allSatisfy {
        Method(rawValue: $0.method) != nil && (1...1 << 24).contains($0.length)
          && (1...1 << 24).contains($0.tokens) && (0...1).contains($0.depth)
          && (1...1 << 24).contains($0.compression) && (0...1).contains($0.score)
          && $0.found == ($0.score == 1) && $0.pairs >= 0
      }
      return isValid ? nil : "an unknown method, or a figure outside its range"
    }
  }
}

extension Needle.Cell {
  init(_ wanted: Needle.Case, _ answer: NeedleAnswer, _ prompt: NeedlePrompt) {
    let score = prompt.puzzle.score(answer.text)
    self.init(
      length: wanted.length, tokens: prompt.context.count, depth: wanted.depth,
      compression: wanted.compression, method: wanted.method.rawValue, found: score == 1,
      score: score, text: answer.text, stop: answer.stop, pairs: answer.pairs)
  }
}

extension Results<Needle.Cell> {
  /// The answers about texts that every method at every compression has answered about. Answers
  /// about other texts cannot be compared.
  package var comparable: [Needle.Cell] {
    shared(by: { [$0.method, "\($0.compression)"] }, over: { [Double($0.length), $0.depth] })
  }
}
