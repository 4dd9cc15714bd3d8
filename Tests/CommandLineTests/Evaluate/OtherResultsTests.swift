import ByteIO
import Evaluation
import Foundation
import TestSupport
import Testing

@Suite("A folder that holds results of something else", .serialized)
struct OtherResultsTests {
  private let runs: NeedleRuns

  init() throws { runs = try NeedleRuns() }

  @Test("other settings, filters and models are rejected by name, and the file is kept")
  func refused() throws {
    _ = try runs.cells(runs.needle("c", "--lengths", "120", "--depths", "1"))
    let path = runs.scratch.path("c/needle.json")
    let before = try bytes(of: path)
    let other = try runs.scratch.filters(of: runs.tiny.model, corpus: runs.tiny.otherText)
    for (options, status, word) in [
      (["--whole-layers", "1"], 1, "(whole layers: 0 there, 1 here)"),
      (["--needle", "lost"], 1, " there, lost here)"),
      (["--filters", other], 78, "(other filter bank)"),
    ] as [([String], Int32, String)] {
      var arguments = runs.needle("c", "--lengths", "120", "--depths", "1")
      if let place = arguments.firstIndex(of: options[0]) {
        arguments[place + 1] = options[1]
      } else {
        arguments += options
      }
      let result = try Command.run(arguments)
      #expect(result.status == status, "\(result.error)")
      #expect(result.error.contains(word), "\(result.error)")
    }
    #expect(try bytes(of: path) == before)
  }

  @Test(
    "a method that needs filters joins results without any; then other filters are rejected")
  func filtersLater() throws {
    func run(_ options: [String]) throws -> Command.Result {
      try Command.run(
        [
          "evaluate", "perplexity", "--model", runs.tiny.model, "--file",
          runs.haystack + "/text.txt",
          "--tokens", "80", "--budget", "40", "--window", "8", "--out", runs.scratch.path("p"),
        ] + options)
    }
    let other = try runs.scratch.filters(of: runs.tiny.model, corpus: runs.tiny.otherText)
    for (options, status) in [
      (["--method", "k-norm"], 0), (["--filters", runs.tiny.filters], 0),
      (["--method", "streaming-llm"], 0), (["--filters", other], 78),
    ] as [([String], Int32)] {
      let result = try run(options)
      #expect(result.status == status, "\(options): \(result.error)")
    }
    let results = try Results<Perplexity.Cell>(ifPresentAt: runs.scratch.path("p/perplexity.json"))
    #expect(results?.cells.map(\.method) == ["k-norm", "q-filters", "streaming-llm"])
    #expect(results?.origin.filters != nil)
  }

  @Test(
    "results of another version of the program, or of other kernels, are rejected",
    arguments: [
      ("\"tool\":\"qfilters ", "other program"), ("\"kernels\":\"", "other kernels"),
      ("\"blas\":\"", "other kernels of OpenBLAS"),
    ])
  func otherProgram(key: String, words: String) throws {
    _ = try runs.cells(runs.needle("v", "--lengths", "120", "--depths", "1"))
    try runs.change("v/needle.json", key, to: key + "0.")
    let result = try Command.run(runs.needle("v", "--lengths", "120", "--depths", "1"))
    #expect(result.status == 1)
    #expect(result.error.contains("(\(words))"), "\(result.error)")
  }

  @Test("a report does not begin if one of its parts could not be continued")
  func reportChecked() throws {
    let arguments = [
      "--model", runs.tiny.model, "--filters", runs.tiny.filters, "--out", runs.scratch.path("r"),
    ]
    let before = try Command.run(
      ["evaluate", "perplexity", "--file", runs.tiny.text, "--tokens", "80", "--budget", "70"]
        + arguments)
    #expect(before.status == 0, "\(before.error)")
    let long = runs.scratch.path("long")
    try FileManager.default.createDirectory(atPath: long, withIntermediateDirectories: true)
    let lines = (0..<400).map { "A line of text to be kept, number \($0). " }
    try Data(lines.joined().utf8).write(to: URL(filePath: long + "/text.txt"))
    let result = try Command.run(["evaluate", "report", "--haystack", long] + arguments)
    #expect(result.status == 1)
    #expect(result.error.contains("perplexity.json holds results of another run"))
    #expect(!FileManager.default.fileExists(atPath: runs.scratch.path("r/fidelity.json")))
  }

  @Test(
    """
    a folder that another run writes to is rejected, and so is one of another model or filter \
    bank: nothing is measured
    """
  )
  func taken() throws {
    let arguments = runs.needle("l", "--lengths", "120", "--depths", "1")
    try FileManager.default.createDirectory(
      atPath: runs.scratch.path("l"), withIntermediateDirectories: true)
    do {
      let lock = try #require(try FolderLock(runs.scratch.path("l")))
      let result = try Command.run(arguments)
      #expect(result.status == 1)
      #expect(result.error.contains("another run is writing"), "\(result.error)")
      withExtendedLifetime(lock) {}
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: runs.scratch.path("l")).isEmpty)
    _ = try runs.cells(arguments)
    let other = try Command.run(
      [
        "evaluate", "perplexity", "--model", Fixtures.path("models/tiny-qwen3"), "--file",
        runs.haystack + "/text.txt",
        "--tokens", "80", "--out", runs.scratch.path("l"),
      ])
    #expect(other.status == 78, "\(other.error)")
    #expect(other.error.contains("needle.json holds results of another run"), "\(other.error)")
    #expect(!FileManager.default.fileExists(atPath: runs.scratch.path("l/perplexity.json")))
    let bank = try runs.scratch.filters(of: runs.tiny.model, corpus: runs.tiny.otherText)
    let another = try Command.run([
      "evaluate", "fidelity", "--model", runs.tiny.model, "--filters", bank, "--file",
      runs.haystack + "/text.txt", "--context", "80", "--continuation", "8", "--sequences", "1",
      "--out", runs.scratch.path("l"),
    ])
    #expect(another.status == 78, "\(another.error)")
    #expect(another.error.contains("other filter bank"), "\(another.error)")
    #expect(!FileManager.default.fileExists(atPath: runs.scratch.path("l/fidelity.json")))
  }

  @Test("a file that holds no such results is rejected, whatever it holds")
  func malformed() throws {
    _ = try runs.cells(runs.needle("d", "--lengths", "120", "--depths", "1"))
    let path = runs.scratch.path("d/needle.json")
    let valid = String(decoding: try bytes(of: path), as: UTF8.self)
    for text in [
      "", "{}", "[1", String(valid.dropLast(40)),
      valid.replacing("\"depth\":0.5", with: "\"depth\":7"),
      valid.replacing("\"length\":120", with: "\"length\":-1"),
      valid.replacing("\"length\":120", with: "\"length\":1e400"),
      String(repeating: "[", count: 100_000),
    ] {
      try Data(text.utf8).write(to: URL(filePath: path))
      let result = try Command.run(runs.needle("d", "--lengths", "120", "--depths", "1"))
      #expect(result.status == 65, "\(text.prefix(40)): \(result.error)")
      #expect(result.error.contains("needle.json"), "\(result.error)")
      #expect(try bytes(of: path) == Array(text.utf8))
    }
  }
}
