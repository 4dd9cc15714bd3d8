import CacheFormat
import Evaluation
import Inference
import QFilters
import TestSupport
import Testing

@testable import Workflows

@Suite("A budget that heads share while generating")
struct SharedBudgetTests {
  private let tiny: TinyFiles
  private let model: LoadedModel
  private let bank: FilterBank

  init() throws {
    tiny = try TinyFiles.shared.get()
    (model, bank) = (try LoadedModel(path: tiny.model), try FilterBank(path: tiny.filters))
    #expect(bank.linear != nil)
  }

  private func positions(_ cache: KVCache) -> [[UInt32]] {
    (0..<4).map { cache.positions(layer: $0 / 2, head: $0 % 2) }
  }

  @Test("holds at most the budget on average; each head keeps its sinks, its window and a share")
  func tokenByToken() throws {
    let eviction = Eviction(.qFilters, budget: 60, window: 10, bank: bank)
    let cache = try KVCache(
      shape: model.engine.cacheShape, dtype: .f32, capacity: eviction.room(tokens: 1))
    let evictor = eviction.evictor(of: cache, engine: model.engine)
    for token in 0..<300 {
      _ = try model.engine.decode(token % 100 + 3, into: cache)
      evictor.apply()
      #expect(cache.pairs <= 4 * 60)
    }
    #expect(cache.pairs > 4 * 60 * 7 / 8)
    for held in positions(cache) {
      #expect(held.prefix(4) == [0, 1, 2, 3])
      #expect(held.suffix(10) == ArraySlice(290..<300))
      #expect(held.count >= Int(0.4 * 60 * 15 / 16))
    }
    #expect(Set(positions(cache).map(\.count)).count > 1)
  }

  @Test("drops what a snapshot's ranking drops of the same pairs")
  func asRanked() throws {
    let eviction = Eviction(.qFilters, budget: 64, window: 16, bank: bank)
    let (shape, tokens) = (model.engine.cacheShape, (0..<200).map { $0 * 7 % 100 + 3 })
    let (cache, whole) = (
      try KVCache(shape: shape, dtype: .f32, capacity: 200),
      try KVCache(shape: shape, dtype: .f32, capacity: 200)
    )
    for cache in [cache, whole] { _ = try model.engine.prefill(tokens, into: cache) }
    eviction.evictor(of: cache, engine: model.engine).apply()

    let linear = try #require(bank.linearScores(of: whole, last: 200, engine: model.engine))
    let ranking = try CacheRanking(
      whole, last: 200,
      scorer: BudgetedFilterScorer(
        bank.scorer(after: 200, engine: model.engine), linear: linear),
      retention: eviction.retention, model: model.engine.architecture)
    let held = positions(cache)
    for (order, held) in zip(ranking.orders, held) {
      #expect(order.prefix(held.count).sorted() == held)
    }
    // Nothing is ever dropped that one threshold over all heads keeps.
    #expect(held.reduce(0) { $0 + $1.count } == 4 * 60)
  }

  @Test("is the same for all heads if that is asked for, or if the bank does not tell more")
  func equal() throws {
    for options in [["--equal-budgets"], []] {
      let scratch = try ScratchFolder()
      let filters =
        options.isEmpty ? try scratch.filters(of: tiny.model, corpus: tiny.text) : tiny.filters
      let generated = try Command.run(
        [
          "resume", tiny.snapshot, "--model", tiny.model, "--prompt", "x", "--max-tokens", "1",
          "--compression", "32", "--budget", "20", "--filters", filters, "--json",
        ] + options)
      #expect(try generated.json(as: Resumed.self).pairs == 4 * 20, "\(generated.error)")
    }
  }

  @Test("brings down a compressed context, whose heads hold other positions each")
  func resumed() throws {
    let scratch = try ScratchFolder()
    let whole = scratch.path("whole.kvsnap")
    let saved = try Command.run(
      [
        "prefill", "--model", tiny.model, "--filters", tiny.filters, "--prompt-file", tiny.text,
        "--out", whole,
      ])
    try #require(saved.status == 0, "\(saved.error)")
    for compression in ["2", "1"] {
      let resumed = try Command.run(
        [
          "resume", whole, "--model", tiny.model, "--prompt", " and more of it", "--compression",
          compression, "--max-tokens", "40", "--budget", "40", "--filters", tiny.filters, "--json",
        ])
      let pairs = try resumed.json(as: Resumed.self).pairs
      #expect((4 * 35...4 * 40).contains(pairs), "\(resumed.error)")
    }
  }
}
