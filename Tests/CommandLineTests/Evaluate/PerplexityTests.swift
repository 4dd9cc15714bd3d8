import Foundation
import TestSupport
import Testing

@Suite("Perplexity by method", .serialized)
struct PerplexityTests {
  private let tiny: TinyFiles

  init() throws { tiny = try TinyFiles.shared.get() }

  private struct Report: Decodable {
    struct Method: Decodable {
      let method: String
      let compression, sequences: Int
      let perplexity: Double
      let perplexityAfterBudget: Double?
      let curve: [Double]
    }
    let tokens: Int
    let perplexity: Double
    let methods: [Method]
  }

  private func run(_ options: [String] = []) throws -> Report {
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
      [
        "--budget", "40", "--window", "8", "--filters", tiny.filters, "--method",
        "full,q-filters,random",
      ])
    #expect(several.methods.map(\.method) == ["full", "q-filters", "random"])
    #expect(several.perplexity == whole.perplexity)
    // Until the budget is reached, nothing is evicted.
    for method in several.methods {
      for (loss, expected) in zip(method.curve.prefix(40), whole.methods[0].curve) {
        #expect(abs(loss - expected) < 1e-3, "\(method.method)")
      }
      let after = try #require(method.perplexityAfterBudget)
      #expect(abs(log(after) - method.curve.dropFirst(40).reduce(0, +) / 39) < 1e-6)
    }
  }

  @Test("after a prompt that is compressed by 1 a text is as likely as after the whole")
  func continuations() throws {
    let whole = try run()
    let compressed = try run(
      [
        "--prompt-tokens", "40", "--compressions", "1,4", "--filters", tiny.filters, "--method",
        "full,q-filters,snapkv",
      ])
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

  @Test(
    "after an earlier run, figures are those of what was asked for, and texts are the same ones")
  func earlierRun() throws {
    let scratch = try ScratchFolder()
    func run(_ options: [String] = []) throws -> Report {
      let result = try Command.run(
        [
          "evaluate", "perplexity", "--model", tiny.model, "--file", tiny.text, "--tokens", "50",
          "--budget", "20", "--window", "4", "--json", "--out", scratch.path("out"),
        ] + options, environment: ["QFILTERS_KERNELS": "plain"])
      #expect(result.status == 0, "\(result.error)")
      return try result.json()
    }
    let full = try run(["--method", "full", "--sequences", "3"])
    let streaming = try run(["--method", "streaming-llm,streaming-llm", "--sequences", "2"])
    #expect(streaming.tokens == 100)
    #expect(streaming.methods.map(\.method) == ["full", "streaming-llm"])
    #expect(streaming.methods.map(\.sequences) == [2, 2])
    #expect(streaming.perplexity == streaming.methods[1].perplexity)
    #expect(streaming.methods[0].perplexity != full.perplexity)
    // The whole cache's third sequence is there yet.
    #expect(try run(["--method", "full", "--sequences", "3"]).perplexity == full.perplexity)
    let page = String(decoding: try bytes(of: scratch.path("out/index.html")), as: UTF8.self)
    #expect(page.contains("<td>2</td>") && !page.contains("<td>3</td>"))
  }

  @Test("×1 has one column; a perplexity beyond all numbers is printed, in JSON as text")
  func columnsAndInfinity() throws {
    let scratch = try ScratchFolder()
    let arguments = [
      "evaluate", "perplexity", "--model", tiny.model, "--file", tiny.text, "--tokens", "80",
      "--prompt-tokens", "40", "--compressions", "1,2", "--filters", tiny.filters, "--method",
      "full,k-norm", "--window", "4", "--out", scratch.path("out"),
    ]
    let result = try Command.run(arguments)
    #expect(result.status == 0, "\(result.error)")
    let table = String(decoding: result.output, as: UTF8.self)
    #expect(table.ranges(of: "×1").count == 1 && table.contains("×2"), "\(table)")
    let path = scratch.path("out/continuation.json")
    let text = String(decoding: try bytes(of: path), as: UTF8.self)
    try Data(
      text.replacing("\"losses\":[", with: "\"losses\":[1e6,", maxReplacements: 99)
        .replacing(#/,[^,\]]+\],"method"/#, with: "],\"method\"").utf8
    ).write(to: URL(filePath: path))
    let infinite = try Command.run(arguments + ["--json"])
    #expect(infinite.status == 0, "\(infinite.error)")
    #expect(
      String(decoding: infinite.output, as: UTF8.self).contains("\"perplexity\":\"inf\""))
  }

  @Test("without a budget the page speaks of none")
  func title() throws {
    let scratch = try ScratchFolder()
    _ = try run(["--out", scratch.path("out"), "--method", "full"])
    let page = String(decoding: try bytes(of: scratch.path("out/index.html")), as: UTF8.self)
    #expect(page.contains("<h2>Perplexity</h2>") && !page.contains("budget"))
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
      (["--budget", "4", "--window", "5", "--method", "random"], "less than the budget of 4"),
      (["--budget", "4", "--window", "1", "--method", "snapkv"], "snapkv cannot rank"),
      (["--budget", "4", "--window", "1"], "needs --filters"),
      (["--budget", "4", "--window", "4", "--method", "random"], "less than the budget of 4"),
      (["--budget", "64", "--method", "random"], "--window (64) must be less"),
      (["--method", "random"], "--method needs --budget or --prompt-tokens"),
      (["--method", "full,random"], "--method needs --budget or --prompt-tokens"),
      (["--window", "4"], "--window needs --budget"),
      (["--method", "k-norm"], "--method needs --budget or --prompt-tokens"),
      (
        ["--budget", "4", "--window", "1", "--method", "k-norm", "--filters", "x"],
        "q-filters alone"
      ),
    ] {
      let result = try Command.run(
        ["evaluate", "perplexity", "--model", tiny.model, "--file", tiny.text, "--tokens", "80"]
          + options)
      #expect(result.status == 64)
      #expect(result.error.contains(words), "\(result.error)")
    }
  }
}
