import CacheFormat
import Dispatch
package import Inference
package import QFilters

/// What is dropped when heads hold more pairs than a budget: the newest stay, the others by score.
///
/// Positions continue as if nothing had been dropped. So generation can continue without limit.
package struct Eviction: Sendable {
  /// How pairs are ranked.
  package let method: Method
  /// The maximum number of pairs of a head after a token or a chunk of a prompt. If heads have
  /// budgets of their own, it is their mean.
  package let budget: Int
  /// What always stays, and how heads share the budget.
  let retention: RetentionPolicy
  let bank: FilterBank?
  private let bankPath: String

  /// Evicts by a method. Only Q-Filters need `bank`.
  ///
  /// - Parameters:
  ///   - window: How many last pairs always stay; nil for the usual number, or the budget if that
  ///     is less.
  ///   - hasEqualBudgets: Whether every head has the same budget, even if the bank tells which ones
  ///     need more.
  package init(
    _ method: Method, budget: Int, window: Int? = nil, hasEqualBudgets: Bool = false,
    bank: FilterBank? = nil, bankPath: String = ""
  ) {
    var retention = RetentionPolicy()
    retention.hasEqualBudgets = hasEqualBudgets
    sharesBudget = method == .qFilters && bank.map(retention.usesLinearScore) ?? false
    retention = retention.resolved(givesBudgets: sharesBudget)
    retention.window = window ?? retention.window.map { min($0, budget) }
    (self.method, self.budget, self.retention) = (method, budget, retention)
    (self.bank, self.bankPath) = (bank, bankPath)
  }

  /// Whether heads have budgets of their own.
  let sharesBudget: Bool

  /// How many times the budget a head may hold at most, if heads share it.
  static let mostOfHead = 8

  /// How many pairs each head of a cache must have room for, so that `tokens` more fit.
  package func room(tokens: Int) -> Int {
    budget * (sharesBudget ? Self.mostOfHead : 1) + tokens
  }

  /// Checks that the filters fit the model.
  ///
  /// - Throws: As `FilterBank.check`.
  func check(_ model: LoadedModel) throws {
    guard method == .qFilters, let bank else { return }
    try bank.check(model, path: bankPath)
  }

  /// What evicts pairs of a cache to which tokens are added.
  package func evictor(of cache: KVCache, engine: Engine) -> any Evictor {
    guard sharesBudget, let bank, let linear = bank.linear else {
      return EqualBudgets(self, of: cache)
    }
    return SharedBudget(self, bank, linear, of: cache, engine: engine)
  }
}

/// Drops pairs of a cache.
package protocol Evictor {
  /// Drops pairs until the cache is within its budget. To be called after each step that added the
  /// pairs of tokens.
  func apply()
}

/// Drops pairs of each head that holds more than the budget.
private struct EqualBudgets: Evictor {
  private let eviction: Eviction
  private let cache: KVCache

  init(_ eviction: Eviction, of cache: KVCache) { (self.eviction, self.cache) = (eviction, cache) }

  func apply() {
    guard case .ranked(let ranked) = eviction.method,
      let scorer = ranked.keyScorer(eviction.bank)
    else { return }
    let window = eviction.retention.ranking(by: ranked, slidingWindow: nil).window
    let ranking = Ranking(sinks: ranked.sourceSinks, window: window)
    let heads = cache.shape.kvHeads
    DispatchQueue.concurrentPerform(iterations: cache.shape.layers * heads) { index in
      let (layer, head) = index.quotientAndRemainder(dividingBy: heads)
      guard cache.count(layer: layer, head: head) > eviction.budget else { return }
      let scores = scorer.scores(
        layer: layer, head: head, positions: cache.positions(layer: layer, head: head),
        keys: cache.decodedKeys(layer: layer, head: head), keyLength: cache.shape.keyLength)
      let kept = ranking.order(scores).prefix(eviction.budget).map(Int.init)
      cache.keep(layer: layer, head: head, pairs: kept.sorted())
    }
  }
}
