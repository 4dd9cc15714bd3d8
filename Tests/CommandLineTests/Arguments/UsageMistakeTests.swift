import TestSupport
import Testing

@testable import QFiltersCLI

@Suite("A name that nothing has is named before anything else")
struct UsageMistakeTests {
  private func mistake(_ typed: String) throws -> UsageMistake? {
    let program = try #require(CommandTree.describe(QFiltersCommand.self))
    return UsageMistake.find(in: typed.split(separator: " ").map(String.init), of: program)
  }

  @Test(
    "with what was probably meant",
    arguments: [
      ("prefill --modle x", "Unknown option '--modle'. Did you mean '--model'?"),
      ("prefill --model x --out y --temp 3 --nonsense", "Unknown option '--temp'."),
      ("generate --temp 3", "Unknown option '--temp'. Did you mean '--temperature'?"),
      ("generate --modle=x", "Unknown option '--modle'. Did you mean '--model'?"),
      ("generate --model x -q", "Unknown option '-q'."),
      ("generate --prompt --modle x", "Unknown option '--modle'. Did you mean '--model'?"),
      ("prefil --model x", "Unknown command 'prefil'. Did you mean 'prefill'?"),
      ("evaluate perplexty --x", "Unknown command 'perplexty'. Did you mean 'perplexity'?"),
      ("evaluate perplexity --toknes 3", "Unknown option '--toknes'. Did you mean '--tokens'?"),
      ("help prefil", "Unknown command 'prefil'. Did you mean 'prefill'?"),
      ("--modle", "Unknown option '--modle'."),
      ("xyz", "Unknown command 'xyz'."),
    ])
  func named(_ typed: String, _ expected: String) throws {
    let found = try #require(try mistake(typed))
    #expect(found.description.hasPrefix(expected), "\(found)")
  }

  @Test(
    "and what is known is not",
    arguments: [
      "prefill --model x", "resume x --model y --prompt z --json", "help prefill", "help",
      "evaluate perplexity --version", "conformance x -- reader --modle", "inspect -- --modle",
      "precompute --corpus a b c --model x", "generate --prompt - --model x", "verify a b c",
      "help evaluate perplexity", "resume --help", "generate --prompt=--modle",
    ])
  func known(_ typed: String) throws {
    #expect(try mistake(typed) == nil)
  }

  @Test("on the command line: 64, and which command's help says more")
  func commandLine() throws {
    for (arguments, text) in [
      (["prefill", "--modle", "x"], "Error: Unknown option '--modle'. Did you mean '--model'?"),
      (["prefil"], "Error: Unknown command 'prefil'. Did you mean 'prefill'?"),
      (["help", "prefil"], "Error: Unknown command 'prefil'. Did you mean 'prefill'?"),
      (["prefill", "--compression", "0", "--modle", "x"], "Error: Unknown option '--modle'."),
    ] {
      let result = try Command.run(arguments)
      #expect(result.status == 64)
      #expect(result.error.hasPrefix(text), "\(result.error)")
      #expect(result.error.contains("--help' for more information."))
    }
    let missing = try Command.run("prefill", "--model", "x")
    #expect(missing.status == 64 && missing.error.contains("Missing expected argument"))
    #expect(try Command.run("help", "prefill").status == 0)
  }

  @Test("spellings are as far apart as there are slips between them")
  func slips() {
    for (a, b, count) in [
      ("", "", 0), ("", "abc", 3), ("model", "model", 0), ("modle", "model", 1),
      ("prefil", "prefill", 1), ("kitten", "sitting", 3), ("ca", "abc", 3),
    ] { #expect(Spelling.slips(a, b) == count && Spelling.slips(b, a) == count) }
    #expect(Spelling.nearest(to: "--foo", among: ["--out", "--top-k"]) == nil)
    #expect(Spelling.nearest(to: "--", among: ["--out"]) == nil)
  }
}
