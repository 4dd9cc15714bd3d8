import Foundation
import TestSupport
import Testing

@Suite("A budget of pairs while generating", .serialized, .realModel)
struct BudgetTests {
  private let documents: Documents

  init() throws { documents = try Documents.shared.get() }

  private struct Likelihood: Decodable {
    let meanNegativeLogLikelihood: Double
    let perplexityAfterBudget: Double?
  }

  private func perplexity(_ options: [String] = []) throws -> Likelihood {
    let result = try Command.run(
      [
        "evaluate", "perplexity", "--model", Demo.model, "--file", documents.document, "--tokens",
        "320", "--json",
      ] + options)
    #expect(result.status == 0, "\(result.error)")
    return try result.json()
  }

  @Test("one that is never reached changes nothing; in a tight one filters beat chance")
  func likelihood() throws {
    let whole = try perplexity()
    let wide = try perplexity(
      ["--budget", "320", "--method", "q-filters", "--filters", documents.filters])
    // One forward pass rounds otherwise than tokens one by one.
    #expect(
      abs(wide.meanNegativeLogLikelihood - whole.meanNegativeLogLikelihood) < 0.01)
    #expect(wide.perplexityAfterBudget == nil)
    let filters = try perplexity(
      ["--budget", "96", "--window", "32", "--filters", documents.filters])
    let random = try perplexity(["--budget", "96", "--window", "32", "--method", "random"])
    #expect(random.meanNegativeLogLikelihood > filters.meanNegativeLogLikelihood)
    #expect(filters.perplexityAfterBudget != nil)
  }

  @Test("a resumed snapshot is brought down to it, and continues at the true next position")
  func resumed() throws {
    let resumed = try Command.run(
      [
        "resume", documents.snapshot, "--model", Demo.model, "--prompt", "\n\nThe essay says",
        "--max-tokens", "8", "--budget", "200", "--filters", documents.filters, "--json",
      ]).json(as: Resumed.self)
    #expect(resumed.pairs == 90 * 200)
    #expect(resumed.ids.count == 8)
  }

  @Test("a budget below the usual window is all window")
  func belowWindow() throws {
    let result = try Command.run(
      [
        "generate", "--model", Demo.model, "--prompt", "The essay says that", "--max-tokens", "2",
        "--budget", "3", "--method", "k-norm",
      ])
    #expect(result.status == 0, "\(result.error)")
  }

  @Test("usage is checked")
  func usage() throws {
    for (options, words) in [
      (["--budget", "0"], "--budget must be"),
      (["--budget", "9", "--window", "10"], "--window must be"),
      (["--budget", "9", "--window", "1", "--method", "snapkv"], "snapkv cannot rank"),
      (["--budget", "9", "--window", "1"], "needs --filters"),
      (["--filters", "x.qfilt"], "--filters needs --budget"),
      (["--method", "nonsense"], "nonsense cannot rank"),
      (["--method", "k-norm"], "--method needs --budget"),
      (["--window", "9"], "--window needs --budget"),
      (["--budget", "9", "--method", "k-norm", "--filters", "x.qfilt"], "q-filters alone"),
    ] {
      let result = try Command.run(
        ["generate", "--model", Demo.model, "--prompt", "x"] + options)
      #expect(result.status == 64)
      #expect(result.error.contains(words), "\(result.error)")
    }
  }
}
