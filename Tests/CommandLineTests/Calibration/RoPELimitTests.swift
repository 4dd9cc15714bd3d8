import TestSupport
import Testing

@Suite("Budgets by head of models whose RoPE changes with the length")
struct RoPELimitTests {
  private let scratch: ScratchFolder
  private let text: String

  init() throws {
    scratch = try ScratchFolder()
    text = try scratch.write(
      "t.txt", String(repeating: "Some lines of a long text.\n", count: 30).utf8)
  }

  private func precompute(_ model: String, _ options: [String]) throws -> Command.Result {
    try Command.run(
      [
        "precompute", "--model", Fixtures.path("models/\(model)"), "--corpus", text,
        "--sequences", "2", "--out", scratch.path("b.qfilt"),
      ] + options)
  }

  @Test(
    "are not learnt from sequences beyond the change",
    arguments: ["tiny-phi3", "tiny-dynamic-rope"])
  func sequences(model: String) throws {
    let long = try precompute(model, ["--length", "33"])
    #expect(long.status == 1)
    #expect(long.error.contains("at most 32 tokens") && long.error.contains("--no-budgets"))
    #expect(try precompute(model, ["--length", "33", "--no-budgets"]).status == 0)
    #expect(try precompute(model, ["--length", "32"]).status == 0)
  }

  @Test("do not rank longer contexts anew, and the message says why")
  func contexts() throws {
    #expect(try precompute("tiny-phi3", ["--length", "32"]).status == 0)
    let (bank, saved) = (scratch.path("b.qfilt"), scratch.path("s.kvsnap"))
    let prompt = try scratch.write("p.txt", String(repeating: "Forty tokens.\n", count: 8).utf8)
    let made = try Command.run([
      "prefill", "--model", Fixtures.path("models/tiny-phi3"), "--filters", bank,
      "--prompt-file", prompt, "--out", saved,
    ])
    #expect(made.status == 0, "\(made.error)")
    let ranked = try Command.run([
      "recompress", saved, "--method", "linear", "--filters", bank, "--out",
      scratch.path("r.kvsnap"),
    ])
    #expect(ranked.status == 64)
    #expect(ranked.error.contains("at most 32 tokens"), "\(ranked.error)")
  }
}
