import CacheCodec
import CacheFormat
import Evaluation
import QFilters
import TestSupport
import Testing

@testable import Workflows

/// On a bank of sequences of 40 tokens, whose middle differs from the published recipe's.
@Suite("Filters follow what they rank")
struct ContextFilterTests {
  private let tiny: TinyFiles
  private let scratch: ScratchFolder
  /// A bank that gives all heads equal budgets, and its file.
  private let (bank, filters): (FilterBank, String)

  init() throws {
    (tiny, scratch) = (try TinyFiles.shared.get(), try ScratchFolder())
    filters = try scratch.filters(of: tiny.model, corpus: tiny.text)
    bank = try FilterBank(path: filters)
    #expect(bank.sequences?.length == 40)
  }

  private func prefill(_ options: String...) throws -> String {
    let path = scratch.path("root.kvsnap")
    let result = try Command.run(
      [
        "prefill", "--model", tiny.model, "--filters", filters, "--prompt-file", tiny.text,
        "--precision", "f32", "--sinks", "0", "--window", "0", "--out", path,
      ] + options)
    try #require(result.status == 0, "\(result.error)")
    return path
  }

  /// Positions that ×4 keeps of those from `start` on, with filters turned to follow `tokens`.
  private func expected(
    _ pairs: LayerPairs.Head, layer: Int, head: Int, from start: Int, tokens: Int, recent: Int
  ) throws -> [UInt32] {
    let keys = ElementCodec.float32.floats(pairs.keys)
    let scores = try bank.contextScores(
      keys: Array(keys[start * 16..<tokens * 16]), layer: layer, head: head, tokens: tokens,
      base: 10_000)
    let order = Ranking(sinks: 0, window: 0, recent: recent).order(scores)
    return order.prefix((tokens - start) / 4).map { UInt32(start) + $0 }.sorted()
  }

  @Test("a context, and what a turn adds to it: each from where it ends", arguments: [0, 4])
  func chain(recent: Int) throws {
    let (root, child) = (try prefill("--recent", "\(recent)"), scratch.path("child.kvsnap"))
    let saved = try Command.run(
      [
        "resume", root, "--model", tiny.model, "--prompt", " There is a lot of this.",
        "--max-tokens", "40", "--filters", filters, "--save", child, "--json",
      ])
    #expect(saved.status == 0, "\(saved.error)")
    let (first, second) = (try SnapshotChain(path: root), try SnapshotChain(path: child))
    let (start, end) = (first.metadata.context.tokens, second.metadata.context.tokens)
    #expect(end - start > 40)
    for layer in 0..<2 {
      let whole = try second.readLayer(layer, compression: nil).heads
      let kept = (
        try first.readLayer(layer, compression: 4).heads,
        try second.readLayer(layer, compression: 4).heads
      )
      for (head, pairs) in whole.enumerated() {
        let before = try expected(
          pairs, layer: layer, head: head, from: 0, tokens: start, recent: recent)
        let later = try expected(
          pairs, layer: layer, head: head, from: start, tokens: end, recent: 4)
        #expect(kept.0[head].positions == before, "layer \(layer), head \(head)")
        #expect(
          kept.1[head].positions.filter { $0 >= UInt32(start) } == later,
          "layer \(layer), head \(head)")
      }
    }
  }

  @Test(
    "an evaluation keeps the pairs that the snapshot of its context does", arguments: [true, false])
  func evaluation(follows: Bool) throws {
    let model = try LoadedModel(path: tiny.model)
    let snapshot = scratch.path("root.kvsnap")
    let result = try Command.run(
      [
        "prefill", "--model", tiny.model, "--filters", filters, "--prompt-file", tiny.text,
        "--out", snapshot,
      ] + (follows ? [] : ["--published-score"]))
    try #require(result.status == 0, "\(result.error)")
    let chain = try SnapshotChain(path: snapshot)
    var retention = RetentionPolicy()
    retention.usesPublishedScore = !follows
    let context = try PrefilledContext(
      chain.metadata.tokens.map(Int.init), room: 1, methods: [.qFilters], model: model, bank: bank,
      retention: retention)
    let orders = try context.order(.qFilters)
    for layer in 0..<2 {
      for (head, pairs) in try chain.readLayer(layer, compression: 2).heads.enumerated() {
        let expected = orders[layer * 2 + head].prefix(pairs.positions.count).sorted()
        #expect(pairs.positions == expected, "layer \(layer), head \(head)")
      }
    }
  }

  private struct Inspected: Decodable { let provenance: String }

  private func provenance(_ path: String) throws -> String {
    try Command.run("inspect", path, "--json").json(as: Inspected.self).provenance
  }

  @Test(
    "a snapshot's provenance says how it was ranked; ranked anew without its model, as published")
  func provenance() throws {
    let (root, again) = (try prefill(), scratch.path("again.kvsnap"))
    let turned = try provenance(root)
    #expect(turned.contains(#""score":"by query head, turned from position 20, with KeyDiff""#))
    let published = try provenance(try prefill("--published-score"))
    #expect(published.contains(#""score":"as published""#))
    let result = try Command.run(
      ["recompress", root, "--method", "q-filters", "--filters", filters, "--out", again])
    #expect(
      String(decoding: result.output, as: UTF8.self).contains("Q-Filters as they were published"))
    let ranked = try provenance(again)
    #expect(ranked.contains(#""score":"as published""#))
  }

  @Test("filters of another number of query heads than the model has are rejected: 65")
  func otherHeads() throws {
    let heads = try #require(bank.heads)
    let other = FilterBank(
      identity: bank.identity, shape: bank.shape, filters: bank.filters,
      heads: HeadFilters(
        layers: 2, queryHeads: 2 * heads.queryHeads, filters: heads.filters + heads.filters),
      sequences: bank.sequences, provenance: "{}")
    let path = scratch.path("other.qfilt")
    _ = try other.write(to: path)
    let result = try Command.run(
      [
        "prefill", "--model", tiny.model, "--filters", path, "--prompt-file", tiny.text, "--out",
        scratch.path("s.kvsnap"),
      ])
    #expect(result.status == 65)
    #expect(result.error.contains("of 8 query heads, but its own model has 4"), "\(result.error)")
  }

  @Test("--published-score where no filter ranks is rejected: 64")
  func nothingToTurn() throws {
    let out = scratch.path("s.kvsnap")
    let prefill = try Command.run(
      [
        "prefill", "--model", tiny.model, "--method", "k-norm", "--prompt-file", tiny.text,
        "--published-score", "--out", out,
      ])
    let fidelity = try Command.run(
      [
        "evaluate", "fidelity", "--model", tiny.model, "--filters", filters, "--file",
        tiny.text,
        "--methods", "k-norm", "--published-score",
      ])
    for result in [prefill, fidelity] {
      #expect(result.status == 64)
      #expect(
        result.error.contains("--published-score is for the method q-filters alone"),
        "\(result.error)")
    }
  }
}
