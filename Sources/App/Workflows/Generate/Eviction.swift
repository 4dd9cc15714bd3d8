import CacheFormat
import Dispatch
package import Inference
package import QFilters

/// Drops pairs when a head holds more than a budget: the newest stay, the others by score.
///
/// Positions continue as if nothing had been dropped, so a context has no end.
package struct Eviction: Sendable {
  /// How pairs are ranked.
  package let method: Method
  /// The maximum number of pairs that a head holds after a token or a chunk of a prompt.
  package let budget: Int
  /// How many last pairs always stay.
  package let window: Int
  private let bank: FilterBank?
  private let bankPath: String

  /// Evicts by a method. Only Q-Filters need `bank`.
  package init(
    _ method: Method, budget: Int, window: Int, bank: FilterBank? = nil, bankPath: String = ""
  ) {
    self.method = method
    self.budget = budget
    self.window = window
    self.bank = bank
    self.bankPath = bankPath
  }

  /// How many pairs of a head a cache must have room for, so that the next chunk fits.
  var room: Int { budget + Engine.chunk }

  /// Checks that the filters fit the model.
  ///
  /// - Throws: As `FilterBank.check`.
  func check(_ model: LoadedModel) throws {
    guard method == .qFilters, let bank else { return }
    try bank.check(model, path: bankPath)
  }

  /// Drops pairs until every head is within the budget.
  package func apply(to cache: KVCache) {
    guard case .ranked(let ranked) = method, let scorer = ranked.keyScorer(bank) else { return }
    let heads = cache.shape.kvHeads
    DispatchQueue.concurrentPerform(iterations: cache.shape.layers * heads) { index in
      let (layer, head) = index.quotientAndRemainder(dividingBy: heads)
      guard cache.count(layer: layer, head: head) > budget else { return }
      let scores = scorer.scores(
        layer: layer, head: head, positions: cache.positions(layer: layer, head: head),
        keys: cache.decodedKeys(layer: layer, head: head), keyLength: cache.shape.keyLength)
      let ranking = Ranking(sinks: ranked.sourceSinks, window: window)
      let kept = ranking.order(scores).prefix(budget).map(Int.init)
      cache.keep(layer: layer, head: head, pairs: kept.sorted())
    }
  }
}
