public import CacheFormat

extension ScorerID {
  /// How many first tokens a method's source keeps beside what scores say: four in Streaming-LLM (arXiv 2309.17453),
  /// none in the others, whose scores say it themselves where it is so.
  public var sourceSinks: Int { self == .streamingLLM ? 4 : 0 }

  /// How many pairs behind sinks and window are the latest that is left, unless told: every fourth of what Q-Filters
  /// rank, and every one in a layer whose sliding window moves past all that it sees within the positions that
  /// filters are turned to; none of what others do, as their sources have it. It keeps more at ×4 and ×8 than
  /// scores alone (docs/results.md).
  ///
  /// - Parameter window: The layer's sliding window, if it has one.
  public func usualRecent(window: Int?) -> Int {
    guard self == .qFilters else { return 0 }
    return window.map { $0 <= FilterBank.futurePositions } == true ? 1 : 4
  }
}

/// The order in which a head's pairs are kept: best first.
public struct Ranking: Sendable, Equatable {
  /// How many first tokens rank before all others.
  public var sinks: Int
  /// How many last tokens rank next.
  public var window: Int
  /// Of those behind, every so-manieth is the latest that is left, whatever its score; 0 for none. With 2,
  /// half of what any compression keeps are the last tokens.
  public var recent: Int

  /// So many sinks, and a window as long, where nothing else was asked for.
  public static let (usualSinks, usualWindow) = (4, 64)

  /// Protects `sinks` first and `window` last tokens.
  public init(sinks: Int = usualSinks, window: Int = usualWindow, recent: Int = 0) {
    self.sinks = sinks
    self.window = window
    self.recent = recent
  }

  /// How many pairs are kept whatever the compression, of `tokens`.
  public func protected(of tokens: Int) -> Int { min(tokens, sinks + window) }

  /// Positions that are ranked by their scores: neither sinks nor window, and not among the `outOfWindow` first
  /// ones that no later token sees.
  public func ranked(of tokens: Int, outOfWindow: Int = 0) -> Range<Int> {
    let sinkEnd = min(sinks, tokens)
    let windowStart = max(sinkEnd, tokens - window)
    return min(max(sinkEnd, outOfWindow), windowStart)..<windowStart
  }

  /// Positions best first: sinks by ascending position, the window by descending position, the rest by
  /// descending score, ties by ascending position, every `recent`th of them being the latest that is left;
  /// a score that is not a number comes last, except out of the window.
  ///
  /// - Parameters:
  ///   - scores: One score a position.
  ///   - outOfWindow: How many first positions no later token sees, because the layer has a sliding window. They
  ///     rank behind all others, unless they are sinks.
  public func order(_ scores: [Float], outOfWindow: Int = 0) -> [UInt32] {
    let tokens = scores.count
    let sinkEnd = min(sinks, tokens)
    let visible = ranked(of: tokens, outOfWindow: outOfWindow)
    let protected = (0..<sinkEnd) + (visible.upperBound..<tokens).reversed()
    return protected.map(UInt32.init) + interleaved(Self.ranked(visible, scores), visible)
      + Self.ranked(sinkEnd..<visible.lowerBound, scores)
  }

  /// Lets every `recent`th of ranked positions be the latest that is left.
  private func interleaved(_ ranked: [UInt32], _ positions: Range<Int>) -> [UInt32] {
    guard recent > 0 else { return ranked }
    var isTaken = [Bool](repeating: false, count: positions.count)
    var (byScore, byPosition) = (ranked[...], positions.reversed().map(UInt32.init)[...])
    return ranked.indices.compactMap { index in
      let isLatest = index % recent == recent - 1
      while let next = isLatest ? byPosition.popFirst() : byScore.popFirst() {
        let place = Int(next) - positions.lowerBound
        guard isTaken[place] else {
          isTaken[place] = true
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

  /// A number that is greater for a pair that ranks before: the score's bits in an order that integers
  /// share, then the position downwards.
  private static func sortKey(_ score: Float, position: Int) -> UInt64 {
    guard !score.isNaN else { return UInt64(UInt32.max - UInt32(position)) }
    let bits = (score == 0 ? 0 : score).bitPattern
    let ordered = bits >> 31 == 0 ? bits | 1 << 31 : ~bits
    return UInt64(ordered) << 32 | UInt64(UInt32.max - UInt32(position))
  }
}
