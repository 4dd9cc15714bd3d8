package import CacheFormat
package import QFilters

/// What every compression keeps whatever scores say, and in which order the rest is dropped.
package struct RetentionPolicy: Sendable, Equatable {
  /// The number of first tokens that rank before all others; nil for the number in each method's
  /// source.
  package var sinks: Int? = Ranking.usualSinks
  /// The number of last tokens that rank next; nil for the usual number, which depends on whether
  /// heads have budgets of their own.
  package var window: Int?
  /// Every Nth place after sinks and window goes to the newest remaining pair; 0 for none, nil for
  /// the scorer's usual N.
  package var recent: Int?
  /// Whether Q-Filters score as published, by each KV head's filter as calibrated. Otherwise
  /// `ContextFilterScorer` is used.
  package var usesPublishedScore = false
  /// Whether pairs that no later token sees rank last, in layers with a sliding window.
  var ranksOutOfWindowLast = true
  /// The number of first layers that are kept whole.
  package var wholeLayers = 0
  /// Whether ×N keeps 1/N of every head. Otherwise it keeps 1/N of all pairs, if the scorer tells
  /// which heads need more.
  package var hasEqualBudgets = false
  /// What share of the pairs that equal budgets would give every head has at least.
  let floorShare = 0.4

  /// The window if heads have budgets of their own. It is short, because a window in every head
  /// leaves little of ×8 of a short text to the heads that look back.
  package static let sharedWindow = 16

  /// Four sinks, the usual window, no whole layers.
  package init() {}

  /// As kvpress compresses prompts: each head's best scores, and the sinks of the method's source.
  package static let kvpress: RetentionPolicy = {
    var retention = RetentionPolicy()
    (retention.sinks, retention.window, retention.recent) = (nil, 0, 0)
    (retention.usesPublishedScore, retention.ranksOutOfWindowLast) = (true, false)
    retention.hasEqualBudgets = true
    return retention
  }()

  /// How a layer's pairs rank by a scorer.
  ///
  /// - Parameter slidingWindow: The layer's sliding window, if it has one.
  package func ranking(by scorer: ScorerID, slidingWindow: Int?) -> Ranking {
    Ranking(
      sinks: sinks(of: scorer), window: window ?? Ranking.usualWindow,
      recent: recent ?? scorer.usualRecent(window: slidingWindow))
  }

  /// The same with the window that is usual for what ranks.
  package func resolved(for source: ScorerSource) -> RetentionPolicy {
    resolved(givesBudgets: source.givesBudgets(self))
  }

  /// The same with the window that is usual for budgets by head, or for equal ones.
  func resolved(givesBudgets: Bool) -> RetentionPolicy {
    var resolved = self
    resolved.window = window ?? (givesBudgets ? Self.sharedWindow : Ranking.usualWindow)
    return resolved
  }

  /// The number of first tokens that rank before all others by a scorer.
  func sinks(of scorer: ScorerID) -> Int { sinks ?? scorer.sourceSinks }

  /// How many of a head's `tokens` pairs every compression of a file keeps.
  package func protected(of tokens: Int) -> Int {
    Ranking(sinks: sinks ?? 0, window: window ?? Ranking.usualWindow).protected(of: tokens)
  }

  /// How many of a head's `tokens` pairs ×N keeps, unless the head is kept whole.
  package static func kept(of tokens: Int, compression: Int) -> Int { max(1, tokens / compression) }

  /// What a measurement with that bank depends on, by the names in result files.
  package func settings(_ bank: FilterBank) -> [String: String] {
    var settings = [
      Self.sinksName: sinks.map(String.init) ?? Self.sourceSinks,
      Self.windowName: "\(window ?? Ranking.usualWindow)",
      "whole layers": "\(wholeLayers)",
      "the latest, every": recent.map(String.init) ?? Self.usualRecent,
      "Q-Filters": score(by: bank),
    ]
    if !hasEqualBudgets {
      settings["budgets"] = "by head, at least \(floorShare) of equal ones"
    }
    if usesLinearScore(of: bank) {
      settings[Self.sharedWindowName] = "\(window ?? Self.sharedWindow)"
    }
    if !ranksOutOfWindowLast { settings["what no token sees"] = "by its score" }
    return settings
  }

  /// How pairs after sinks and window rank in layers without a sliding window, by the names in
  /// provenance.
  func rules(of source: ScorerSource) -> [String: String] {
    let usual = source.origin.scorer.usualRecent(window: nil)
    var rules = ["recent": "\(recent ?? usual)"]
    if case .qFilters(let bank, _) = source { rules["score"] = score(by: bank) }
    if source.givesBudgets(self) { rules["budgets"] = "by head" }
    return rules
  }

  private func score(by bank: FilterBank) -> String {
    guard !usesPublishedScore else { return Self.publishedScore }
    return (bank.heads == nil ? "" : "by query head, ")
      + "turned from position \(bank.middle), with KeyDiff"
      + (usesLinearScore(of: bank) ? " and the linear score" : "")
  }

  /// Whether Q-Filters rank together with the bank's linear score.
  func usesLinearScore(of bank: FilterBank) -> Bool {
    bank.linear != nil && !usesPublishedScore && !hasEqualBudgets
  }

  /// The name of the score ⟨key, filter⟩ in settings.
  package static let publishedScore = "as published"
  private static let (sinksName, windowName) = ("sinks", "window")
  private static let sharedWindowName = "window with budgets by head"
  private static let sourceSinks = "as each method's source has them"

  /// The usual N of each scorer that gives places to the latest pairs.
  private static var usualRecent: String {
    let usual = ScorerID.methods.filter { $0.usualRecent(window: nil) > 0 }.map {
      "\($0.usualRecent(window: nil)), in short sliding windows \($0.usualRecent(window: 1)) "
        + "(\($0.name))"
    }
    return usual.joined(separator: ", ") + ", none (other methods)"
  }

  /// Whether ×N keeps nothing but sinks and window of `tokens`, so that all methods that rank hold
  /// the same pairs.
  ///
  /// - Parameter settings: As in `settings(_:)`, from a file: any text may be in it.
  package static func isAlone(
    of tokens: Int, _ compression: Int, _ method: String, _ settings: [String: String]
  ) -> Bool {
    guard case .ranked(let scorer) = Method(rawValue: method) else { return false }
    func number(_ name: String, _ usual: Int) -> Int {
      min(max(settings[name].flatMap(Int.init) ?? usual, 0), tokens)
    }
    // Sinks of each method's source differ between methods.
    let usualSinks = settings[sinksName] == sourceSinks ? 0 : Ranking.usualSinks
    let hasShares = settings[sharedWindowName] != nil && scorer.givesBudgets
    let window = number(hasShares ? sharedWindowName : windowName, Ranking.usualWindow)
    return kept(of: tokens, compression: compression) <= number(sinksName, usualSinks) + window
  }
}
