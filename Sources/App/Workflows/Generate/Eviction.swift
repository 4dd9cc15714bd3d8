import CacheFormat
import Dispatch
package import Inference
public import QFilters

/// Lets pairs go when a head holds more than a budget: the newest stay, the others by score. Positions go
/// on as if nothing had been let go, so a context has no end.
public struct Eviction: Sendable {
  /// How pairs are ranked.
  public let method: Method
  /// The most pairs that a head may hold once a token, or a chunk of a prompt, is through.
  public let budget: Int
  /// So many last pairs always stay.
  public let window: Int
  private let bank: FilterBank?
  private let bankPath: String

  /// Evicts by a method; `bank` is needed by q-filters alone.
  public init(
    _ method: Method, budget: Int, window: Int, bank: FilterBank? = nil, bankPath: String = ""
  ) {
    self.method = method
    self.budget = budget
    self.window = window
    self.bank = bank
    self.bankPath = bankPath
  }

  /// How many pairs of a head have to find room in a cache that was within the budget before.
  var room: Int { budget + Engine.chunk }

  /// Checks that the filters fit the model.
  ///
  /// - Throws: As `FilterBank.check`.
  func check(_ model: LoadedModel) throws {
    guard method == .qFilters, let bank else { return }
    try bank.check(model, path: bankPath)
  }

  /// Brings every head down to the budget.
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
