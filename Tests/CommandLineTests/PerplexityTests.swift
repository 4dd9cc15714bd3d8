import Foundation
import TestSupport
import Testing

@testable import Workflows

@Suite("Perplexity by method", .serialized)
struct PerplexityTests {
  private let tiny: TinyFiles

  init() throws { tiny = try TinyFiles.shared.get() }

  private struct Report: Decodable {
    struct Method: Decodable {
      let method: String
      let compression: Int
      let perplexity: Double
      let perplexityAfterBudget: Double?
      let curve: [Double]
    }
    let tokens: Int
    let perplexity: Double
    let methods: [Method]
  }

  private func run(_ options: String...) throws -> Report {
    let result = try Command.run(
      [
        "evaluate", "perplexity", "--model", tiny.model, "--file", tiny.text, "--sequences", "2",
        "--tokens", "80", "--json",
      ] + options, environment: ["QFILTERS_KERNELS": "plain"])
    #expect(result.status == 0, "\(result.error)")
    return try result.json()
  }

  @Test("the curve's mean is the whole's, and several methods come out of one run")
  func curves() throws {
    let whole = try run()
    #expect(whole.tokens == 160)
    #expect(whole.methods.map(\.method) == ["full"])
    #expect(whole.methods[0].curve.count == 79)
    let mean = whole.methods[0].curve.reduce(0, +) / 79
    #expect(abs(exp(mean) / whole.perplexity - 1) < 1e-6)
    let several = try run(
      "--budget", "40", "--window", "8", "--filters", tiny.filters, "--method",
      "full,q-filters,random")
    #expect(several.methods.map(\.method) == ["full", "q-filters", "random"])
    #expect(several.perplexity == whole.perplexity)
    // Until the budget is reached, nothing is let go.
    for method in several.methods {
      for (loss, expected) in zip(method.curve.prefix(40), whole.methods[0].curve) {
        #expect(abs(loss - expected) < 1e-3, "\(method.method)")
      }
      let after = try #require(method.perplexityAfterBudget)
      #expect(abs(log(after) - method.curve.dropFirst(40).reduce(0, +) / 39) < 1e-6)
    }
  }

  @Test("behind a prompt that is compressed by 1 a text is as likely as behind the whole")
  func continuations() throws {
    let whole = try run()
    let compressed = try run(
      "--prompt-tokens", "40", "--compressions", "1,4", "--filters", tiny.filters, "--method",
      "full,q-filters,snapkv")
    #expect(
      compressed.methods.map { "\($0.method) \($0.compression)" } == [
        "full 1", "q-filters 1", "q-filters 4", "snapkv 1", "snapkv 4",
      ])
    let full = compressed.methods[0].curve
    #expect(full.count == 39)
    // Prompts are held in f16.
    for (loss, expected) in zip(full, whole.methods[0].curve.dropFirst(40)) {
      #expect(abs(loss - expected) < 0.03)
    }
    for method in compressed.methods.dropFirst() where method.compression == 1 {
      #expect(method.curve == full)
    }
    #expect(compressed.methods[2].curve != full)
  }

  @Test("usage is checked")
  func usage() throws {
    for (options, words) in [
      (["--prompt-tokens", "40", "--budget", "4"], "one of --budget and --prompt-tokens"),
      (["--prompt-tokens", "40"], "--prompt-tokens needs --filters"),
      (["--prompt-tokens", "79", "--filters", "x"], "--prompt-tokens must be"),
      (
        ["--prompt-tokens", "9", "--filters", "x", "--method", "recall"], "recall needs a question"
      ),
      (["--compressions", "4"], "--compressions needs --prompt-tokens"),
      (["--budget", "4", "--window", "5", "--method", "random"], "--window must be"),
      (["--budget", "4", "--method", "snapkv"], "snapkv cannot rank"),
      (["--budget", "4"], "needs --filters"),
      (["--window", "4"], "--window needs --budget"),
      (["--method", "k-norm"], "--method needs --budget or --prompt-tokens"),
      (["--budget", "4", "--method", "k-norm", "--filters", "x"], "q-filters alone"),
    ] {
      let result = try Command.run(
        ["evaluate", "perplexity", "--model", tiny.model, "--file", tiny.text, "--tokens", "80"]
          + options)
      #expect(result.status == 64)
      #expect(result.error.contains(words), "\(result.error)")
    }
  }
}
