public import CacheFormat

extension ScorerID {
  /// How many first tokens a method's source always keeps: four in Streaming-LLM (arXiv
  /// 2309.17453) and in KVzip (arXiv 2505.23416, as kvpress has it), none in the others, where
  /// scores decide.
  public var sourceSinks: Int { self == .streamingLLM || self == .kvzip ? 4 : 0 }

  /// Whether heads can have budgets of their own by this method.
  public var givesBudgets: Bool { [.qFilters, .linear, .kvzip].contains(self) }

  /// The default of `Ranking.recent`. With Q-Filters it is 4: every fourth place goes to the newest
  /// remaining pair. It is 1 in a layer whose sliding window is no longer than the span that
  /// filters are rotated to. Other methods have 0, as in their sources. At ×4 and ×8 it loses less
  /// than scores alone (docs/results.md).
  ///
  /// - Parameter window: The layer's sliding window, if it has one.
  public func usualRecent(window: Int?) -> Int {
    guard givesBudgets else { return 0 }
    return window.map { $0 <= FilterBank.futurePositions } == true ? 1 : 4
  }
}

/// The order in which a head's pairs are kept: best first.
public struct Ranking: Sendable, Equatable {
  /// How many first tokens rank before all others.
  public var sinks: Int
  /// How many last tokens rank next.
  public var window: Int
  /// Every `recent`th place after sinks and window goes to the newest remaining pair, whatever its
  /// score; 0 for none. With 2, half of these places go to the last tokens.
  public var recent: Int

  /// The default numbers of sinks and of the window's tokens.
  public static let (usualSinks, usualWindow) = (4, 64)

  /// Protects `sinks` first and `window` last tokens.
  public init(sinks: Int = usualSinks, window: Int = usualWindow, recent: Int = 0) {
    self.sinks = sinks
    self.window = window
    self.recent = recent
  }

  /// How many of `tokens` pairs every compression keeps.
  public func protected(of tokens: Int) -> Int { min(tokens, sinks + window) }

  /// The positions that are ranked by score: those after the sinks and after the first
  /// `outOfWindow` positions, and before the window.
  public func ranked(of tokens: Int, outOfWindow: Int = 0) -> Range<Int> {
    let sinkEnd = min(sinks, tokens)
    let windowStart = max(sinkEnd, tokens - window)
    return min(max(sinkEnd, outOfWindow), windowStart)..<windowStart
  }

  /// Positions, best first: sinks by ascending position, then the window by descending position,
  /// then the rest by descending score. Ties go by ascending position. Every `recent`th place goes
  /// to the newest remaining position. Scores that are not numbers come after the others. Positions
  /// that no later token sees come last.
  ///
  /// - Parameters:
  ///   - scores: One score for each position.
  ///   - outOfWindow: The number of first positions that no later token sees, because the layer has
  ///     a sliding window. They rank after all others, unless they are sinks.
  public func order(_ scores: [Float], outOfWindow: Int = 0) -> [UInt32] {
    let tokens = scores.count
    let sinkEnd = min(sinks, tokens)
    let visible = ranked(of: tokens, outOfWindow: outOfWindow)
    let protected = (0..<sinkEnd) + (visible.upperBound..<tokens).reversed()
    return protected.map(UInt32.init) + interleaved(Self.ranked(visible, scores), visible)
      + Self.ranked(sinkEnd..<visible.lowerBound, scores)
  }

  /// Gives every `recent`th place to the newest remaining position.
  private func interleaved(_ ranked: [UInt32], _ positions: Range<Int>) -> [UInt32] {
    guard recent > 0 else { return ranked }
    var isTaken = [Bool](repeating: false, count: positions.count)
    var (byScore, byPosition) = (ranked[...], positions.reversed().map(UInt32.init)[...])
    return ranked.indices.compactMap { index in
      let isLatest = index % recent == recent - 1
      while let next = isLatest ? byPosition.popFirst() : byScore.popFirst() {
        let offset = Int(next) - positions.lowerBound
        guard isTaken[offset] else {
          isTaken[offset] = true
          return next
        }
      }
      return nil
    }
  }

  private static func ranked(_ positions: Range<Int>, _ scores: [Float]) -> [UInt32] {
    positions.map { sortKey(scores[$0], position: $0) }
      .sorted(by: >)
      .map { UInt32.max - UInt32(truncatingIfNeeded: $0) }
  }

  /// A number that is greater for a pair that ranks earlier: the score's bits, mapped to the order
  /// of integers, then the position, negated.
  private static func sortKey(_ score: Float, position: Int) -> UInt64 {
    guard !score.isNaN else { return UInt64(UInt32.max - UInt32(position)) }
    let bits = (score == 0 ? 0 : score).bitPattern
    let ordered = bits >> 31 == 0 ? bits | 1 << 31 : ~bits
    return UInt64(ordered) << 32 | UInt64(UInt32.max - UInt32(position))
  }
}
