import Foundation
import TestSupport
import Testing
import Workflows

@Suite("An answer says why it ended")
struct StopTests {
  private struct Report: Decodable {
    let ids: [Int]
    let text: String
    let stop: String
  }

  private let tiny: TinyFiles

  init() throws { tiny = try TinyFiles.shared.get() }

  private func commands(_ options: [String]) -> [[String]] {
    [
      ["generate", "--model", tiny.model, "--prompt", "A line"] + options,
      ["resume", tiny.snapshot, "--model", tiny.model, "--prompt", " and", "--compression", "32"]
        + options,
    ]
  }

  @Test("by --max-tokens: a line for people, length for scripts")
  func length() throws {
    for arguments in commands(["--max-tokens", "3"]) {
      let result = try Command.run(arguments)
      #expect(result.status == 0)
      #expect(result.error.contains("stopped after 3 tokens (--max-tokens)"), "\(result.error)")
      let report = try Command.run(arguments + ["--json"])
      #expect(try report.json(as: Report.self).stop == "length")
      #expect(!report.error.contains("stopped"))
    }
  }

  @Test("by --stop: string, and the text before it")
  func string() throws {
    for arguments in commands(["--max-tokens", "60", "--json"]) {
      let whole = try Command.run(arguments).json(as: Report.self).text
      // A tiny model says anything, also what no argument can hold.
      let end = try #require(whole.dropFirst().firstIndex { $0.isASCII && $0.isLetter })
      let stop = String(whole[end])
      try #require(whole.firstIndex(of: whole[end]) == end)
      let report = try Command.run(arguments + ["--stop", "never there", "--stop", stop])
        .json(as: Report.self)
      #expect(report.stop == "string")
      #expect(report.text == whole[..<end])
    }
  }

  @Test("by the model's context: context; with --budget pairs are evicted instead")
  func context() throws {
    let limit = try LoadedModel(path: tiny.model).contextLength
    for arguments in commands(["--max-tokens", "100000", "--temperature", "2", "--seed", "5"]) {
      let report = try Command.run(arguments + ["--json"]).json(as: Report.self)
      // A tiny model may end its answer before that.
      try #require(report.stop == "context" || report.stop == "end")
      let error = try Command.run(arguments).error
      #expect(error.contains("context of \(limit) tokens is full") == (report.stop == "context"))
    }
    let endless = try Command.run(
      [
        "generate", "--model", tiny.model, "--prompt", "A line", "--max-tokens", "\(limit + 50)",
        "--budget", "16", "--window", "4", "--method", "k-norm", "--json",
      ])
    #expect(["length", "end"].contains(try endless.json(as: Report.self).stop))
  }

  @Test("by the model itself: end, and no line", .realModel)
  func end() throws {
    let arguments = [
      "generate", "--model", Demo.model, "--chat", "--prompt", "Say yes.", "--max-tokens", "400",
    ]
    let result = try Command.run(arguments + ["--json"])
    #expect(try result.json(as: Report.self).stop == "end")
    #expect(try Command.run(arguments).error.isEmpty)
  }
}
