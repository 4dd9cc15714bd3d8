public import CacheFormat
public import QFilters

/// What every compression keeps, whatever scores say, and in which order the rest is let go.
public struct RetentionPolicy: Sendable, Equatable {
  /// How many first tokens rank before all others; nil for as many as each method's source has.
  public var sinks: Int? = Ranking.usualSinks
  /// How many last tokens rank next.
  public var window = Ranking.usualWindow
  /// Of those behind, every so-manieth is the latest that is left; 0 for none, nil for what is usual with the
  /// scorer.
  public var recent: Int?
  /// Q-Filters score as they were published, by each KV head's filter as it was calibrated; else as
  /// `ContextFilterScorer` does.
  public var usesPublishedScore = false
  /// In layers with a sliding window, what no later token sees ranks last.
  public var ranksHiddenLast = true
  /// So many first layers are kept whole.
  public var wholeLayers = 0

  /// Four sinks, a window of 64, no whole layers.
  public init() {}

  /// Of each head what its score says, and the sinks of the method's source, no more, as kvpress compresses prompts.
  public static let kvpress: RetentionPolicy = {
    var retention = RetentionPolicy()
    (retention.sinks, retention.window, retention.recent) = (nil, 0, 0)
    (retention.usesPublishedScore, retention.ranksHiddenLast) = (true, false)
    return retention
  }()

  /// How a layer's pairs rank by a scorer.
  ///
  /// - Parameter slidingWindow: The layer's, if it has one.
  public func ranking(by scorer: ScorerID, slidingWindow: Int?) -> Ranking {
    Ranking(
      sinks: sinks(of: scorer), window: window,
      recent: recent ?? scorer.usualRecent(window: slidingWindow))
  }

  /// How many first tokens rank before all others by a scorer.
  func sinks(of scorer: ScorerID) -> Int { sinks ?? scorer.sourceSinks }

  /// How many of `tokens` pairs ×N keeps of a head that is not kept whole.
  package static func kept(of tokens: Int, compression: Int) -> Int { max(1, tokens / compression) }

  /// By name, as results have it: what a measurement with that bank depends on.
  package func settings(_ bank: FilterBank) -> [String: String] {
    var settings = [
      Self.sinksName: sinks.map(String.init) ?? Self.sourceSinks, Self.windowName: "\(window)",
      "whole layers": "\(wholeLayers)",
      "the latest, every": recent.map(String.init) ?? Self.usualRecent,
      "Q-Filters": score(by: bank),
    ]
    if !ranksHiddenLast { settings["what no token sees"] = "by its score" }
    return settings
  }

  /// By name, as provenance has it: how pairs behind sinks and window rank in layers without a sliding window.
  func rules(of method: ScorerSource) -> [String: String] {
    let usual = method.origin.scorer.usualRecent(window: nil)
    var rules = ["recent": "\(recent ?? usual)"]
    if case .qFilters(let bank, _) = method { rules["score"] = score(by: bank) }
    return rules
  }

  private func score(by bank: FilterBank) -> String {
    guard !usesPublishedScore else { return Self.publishedScore }
    return (bank.heads == nil ? "" : "by query head, ")
      + "turned from position \(bank.middle), with KeyDiff"
  }

  /// What settings call ⟨key, filter⟩.
  package static let publishedScore = "as published"
  private static let (sinksName, windowName) = ("sinks", "window")
  private static let sourceSinks = "as each method's source has them"

  /// What is usual with each scorer that has a share for the latest.
  private static var usualRecent: String {
    let usual = ScorerID.allCases.filter { $0.usualRecent(window: nil) > 0 }.map {
      "\($0.usualRecent(window: nil)), in short sliding windows \($0.usualRecent(window: 1)) "
        + "(\($0.name))"
    }
    return usual.joined(separator: ", ") + ", none (other methods)"
  }

  /// Whether sinks and window are all that ×N leaves of `tokens`, by such settings, which a file may hold, so that
  /// all methods that rank hold the same.
  package static func isAlone(
    of tokens: Int, _ compression: Int, _ method: String, _ settings: [String: String]
  ) -> Bool {
    guard case .ranked = Method(rawValue: method) else { return false }
    func number(_ name: String, _ usual: Int) -> Int {
      min(max(settings[name].flatMap(Int.init) ?? usual, 0), tokens)
    }
    // Where sinks are each method's own, they are not the same.
    let usualSinks = settings[sinksName] == sourceSinks ? 0 : Ranking.usualSinks
    let protected = number(sinksName, usualSinks) + number(windowName, Ranking.usualWindow)
    return kept(of: tokens, compression: compression) <= protected
  }
}
