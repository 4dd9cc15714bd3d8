package import CacheFormat

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
  package var ranksOutOfWindowLast = true
  /// The number of first layers that are kept whole.
  package var wholeLayers = 0
  /// Whether ×N keeps 1/N of every head. Otherwise it keeps 1/N of all pairs, if the scorer tells
  /// which heads need more.
  package var hasEqualBudgets = false
  /// What share of the pairs that equal budgets would give every head has at least.
  package let floorShare = 0.4

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
  package func resolved(givesBudgets: Bool) -> RetentionPolicy {
    var resolved = self
    resolved.window = window ?? (givesBudgets ? Self.sharedWindow : Ranking.usualWindow)
    return resolved
  }

  /// The number of first tokens that rank before all others by a scorer.
  package func sinks(of scorer: ScorerID) -> Int { sinks ?? scorer.sourceSinks }

  /// How many of a head's `tokens` pairs every compression of a file keeps.
  package func protected(of tokens: Int) -> Int {
    Ranking(sinks: sinks ?? 0, window: window ?? Ranking.usualWindow).protected(of: tokens)
  }

  /// How many of a head's `tokens` pairs ×N keeps, unless the head is kept whole.
  package static func kept(of tokens: Int, compression: Int) -> Int { max(1, tokens / compression) }

  /// How pairs after sinks and window rank in layers without a sliding window, by the names in
  /// provenance.
  package func rules(of source: ScorerSource) -> [String: String] {
    let usual = source.origin.scorer.usualRecent(window: nil)
    var rules = ["recent": "\(recent ?? usual)"]
    if case .qFilters(let bank, _) = source { rules["score"] = score(by: bank) }
    if source.givesBudgets(self) { rules["budgets"] = "by head" }
    return rules
  }

  package func score(by bank: FilterBank) -> String {
    guard !usesPublishedScore else { return Self.publishedScore }
    return (bank.heads == nil ? "" : "by query head, ")
      + "turned from position \(bank.middle), with KeyDiff"
      + (usesLinearScore(of: bank) ? " and the linear score" : "")
  }

  /// Whether Q-Filters rank together with the bank's linear score.
  package func usesLinearScore(of bank: FilterBank) -> Bool {
    bank.linear != nil && !usesPublishedScore && !hasEqualBudgets
  }

  /// The name of the score ⟨key, filter⟩ in settings.
  package static let publishedScore = "as published"
}
