import Evaluation
import Foundation
import TestSupport
import Testing

@Suite("What an evaluation measures", .serialized)
struct EvaluationSettingsTests {
  private let runs: NeedleRuns

  init() throws { runs = try NeedleRuns() }

  @Test("what is named twice is measured once")
  func unique() throws {
    let options = ["--depths", "1", "--methods", "full,q-filters,full", "--compressions", "2,2"]
    let cells = try runs.cells(runs.needle(nil, "--lengths", "120,120") + options)
    #expect(cells.map(\.method) == ["full", "q-filters"])
  }

  @Test(
    """
    a length that the context, with the answer, or the haystack does not hold: 1, before any other \
    is measured
    """
  )
  func room() throws {
    // There is room for 400 tokens and the question, yet not for the answer.
    for (lengths, words) in [
      ("120,400", "of 512, before an answer of 32 tokens"), ("120,510", "at most 480 fit"),
    ] {
      let result = try Command.run(runs.needle("e", "--lengths", lengths))
      #expect(result.status == 1, "\(result.error)")
      #expect(result.error.contains(words), "\(result.error)")
    }
    let line = Array("A line. ".utf8)
    let small = runs.scratch.path("small")
    try FileManager.default.createDirectory(atPath: small, withIntermediateDirectories: true)
    try Data((0..<20).flatMap { _ in line }).write(to: URL(filePath: small + "/text.txt"))
    let short = try Command.run(runs.needle("e", "--lengths", "64,300", "--haystack", small))
    #expect(short.status == 1)
    #expect(short.error.contains("the text has"), "\(short.error)")
    #expect(!FileManager.default.fileExists(atPath: runs.scratch.path("e/needle.json")))
  }

  @Test(
    "a needle longer than its text, and a report with nothing in it: 1, and nothing is measured"
  )
  func nothing() throws {
    let sentence = String(repeating: "a long needle, kept ", count: 20)
    let long = try Command.run([
      "evaluate", "needle", "--model", runs.tiny.model, "--filters", runs.tiny.filters,
      "--haystack",
      runs.haystack, "--lengths", "200,64", "--needle", sentence, "--out", runs.scratch.path("n"),
    ])
    #expect(long.status == 1)
    #expect(long.error.contains("does not fit a text of 200"), "\(long.error)")
    #expect(!FileManager.default.fileExists(atPath: runs.scratch.path("n/needle.json")))
    let small = runs.scratch.path("words")
    try FileManager.default.createDirectory(atPath: small, withIntermediateDirectories: true)
    try Data("A few words.".utf8).write(to: URL(filePath: small + "/text.txt"))
    let empty = try Command.run([
      "evaluate", "report", "--model", runs.tiny.model, "--filters", runs.tiny.filters,
      "--haystack", small,
      "--out", runs.scratch.path("n"),
    ])
    #expect(empty.status == 1 && empty.output.isEmpty)
    #expect(empty.error.contains("nothing was measured"), "\(empty.error)")
  }

  @Test(
    "the preset kvpress keeps neither sinks nor window, and results of it are results of their own")
  func preset() throws {
    let arguments =
      runs.needle(nil) + ["--depths", "1", "--compressions", "4", "--methods", "k-norm"]
    let usual = try Command.run(arguments.filter { $0 != "--json" })
    let preset = try Command.run(arguments.filter { $0 != "--json" } + ["--ranking", "kvpress"])
    #expect(usual.status == 0 && preset.status == 0, "\(usual.error)\(preset.error)")
    // Sinks and window leave nothing of these few pairs to rank, which the table says.
    #expect(String(decoding: usual.output, as: UTF8.self).contains("In brackets"))
    #expect(!String(decoding: preset.output, as: UTF8.self).contains("In brackets"))
    for (option, setting) in [
      ("--ranking", "kvpress"), ("--sinks", "9"), ("--window", "3"), ("--begin", "kept"),
    ] {
      let folder = "preset\(option)"
      #expect(try Command.run(runs.needle(folder) + ["--depths", "1"]).status == 0)
      let other = try Command.run(runs.needle(folder) + ["--depths", "1", option, setting])
      #expect(other.status == 1 && other.error.contains("another run"), "\(other.error)")
    }
  }

  @Test("whole layers hold all pairs whatever the compression, in every method")
  func wholeLayers() throws {
    for (layers, options) in [
      (0, []), (1, ["--whole-layers", "1"]), (2, ["--whole-layers", "2"]),
    ] {
      let cells = try runs.cells(
        runs.needle(nil) + ["--depths", "1", "--methods", "q-filters,snapkv,recall"] + options)
      for cell in cells {
        let kept = layers * cell.tokens + (2 - layers) * (cell.tokens / cell.compression)
        // Two KV heads; the question's own pairs come on top.
        let own = cell.pairs - 2 * kept
        #expect(own > 0 && own.isMultiple(of: 4) && own < 4 * 40, "\(cell)")
      }
    }
  }
}
