import Evaluation
import ByteIO
import Foundation
import TestSupport
import Testing

@testable import Workflows

@Suite("An evaluation that is ended goes on where it was", .serialized)
struct EvaluationResumeTests {
  private let scratch: ScratchFolder
  private let tiny: TinyFiles
  private let haystack: String

  init() throws {
    (scratch, tiny) = (try ScratchFolder(), try TinyFiles.shared.get())
    haystack = scratch.path("haystack")
    try FileManager.default.createDirectory(atPath: haystack, withIntermediateDirectories: true)
    let lines = (0..<60).map { "A line of text to be kept, number \($0). " }
    try Data(lines.joined().utf8).write(to: URL(filePath: haystack + "/text.txt"))
  }

  private func needle(_ out: String?, _ options: String...) -> [String] {
    [
      "evaluate", "needle", "--model", tiny.model, "--filters", tiny.filters, "--haystack",
      haystack, "--lengths", "120,200", "--depths", "3", "--compressions", "2,4", "--needle",
      "kept", "--question", "what", "--answer", "kept", "--json",
    ] + (out.map { ["--out", scratch.path($0)] } ?? []) + options
  }

  private func cells(_ arguments: [String]) throws -> [Needle.Cell] {
    let result = try Command.run(arguments)
    #expect(result.status == 0, "\(result.error)")
    return try result.json(as: Results<Needle.Cell>.self).cells
  }

  @Test("what is there is not measured again, and the result is that of one run")
  func goesOn() throws {
    let whole = try cells(needle(nil))
    #expect(whole.count == 2 * 3 * 9)
    // A run of the first length alone is as far as one that was ended there.
    let first = try cells(needle("a", "--lengths", "120"))
    #expect(first == Array(whole.prefix(27)))
    let path = scratch.path("a/needle.json")
    // Marked, so that a second measurement would be noticed.
    let text = String(decoding: try bytes(of: path), as: UTF8.self)
    try Data(text.replacing("\"pairs\":", with: "\"pairs\":1").utf8).write(
      to: URL(filePath: path))
    let all = try cells(needle("a"))
    #expect(all.prefix(27).allSatisfy { "\($0.pairs)".hasPrefix("1") && $0.pairs > 1000 })
    #expect(Array(all.dropFirst(27)) == Array(whole.dropFirst(27)))
  }

  @Test("what is named twice is measured once")
  func unique() throws {
    let options = ["--depths", "1", "--methods", "full,q-filters,full", "--compressions", "2,2"]
    let cells = try cells(needle(nil, "--lengths", "120,120") + options)
    #expect(cells.map(\.method) == ["full", "q-filters"])
  }

  @Test(
    "a length that the context, with the answer, or the haystack does not hold: 1, before any other is measured"
  )
  func room() throws {
    // There is room for 400 tokens and the question, yet not for the answer.
    for (lengths, words) in [
      ("120,400", "of 512 with 32 tokens of an answer"), ("120,510", "at most 480 fit"),
    ] {
      let result = try Command.run(needle("e", "--lengths", lengths))
      #expect(result.status == 1, "\(result.error)")
      #expect(result.error.contains(words), "\(result.error)")
    }
    let line = Array("A line. ".utf8)
    let small = scratch.path("small")
    try FileManager.default.createDirectory(atPath: small, withIntermediateDirectories: true)
    try Data((0..<20).flatMap { _ in line }).write(to: URL(filePath: small + "/text.txt"))
    let short = try Command.run(needle("e", "--lengths", "64,300", "--haystack", small))
    #expect(short.status == 1)
    #expect(short.error.contains("the text has"), "\(short.error)")
    #expect(!FileManager.default.fileExists(atPath: scratch.path("e/needle.json")))
  }

  @Test(
    "a needle longer than a text is to be, and a report with nothing in it: 1, and nothing is measured"
  )
  func nothing() throws {
    let sentence = String(repeating: "a long needle, kept ", count: 20)
    let long = try Command.run([
      "evaluate", "needle", "--model", tiny.model, "--filters", tiny.filters, "--haystack",
      haystack, "--lengths", "200,64", "--needle", sentence, "--out", scratch.path("n"),
    ])
    #expect(long.status == 1)
    #expect(long.error.contains("a text of 200 has no room for it"), "\(long.error)")
    #expect(!FileManager.default.fileExists(atPath: scratch.path("n/needle.json")))
    let small = scratch.path("words")
    try FileManager.default.createDirectory(atPath: small, withIntermediateDirectories: true)
    try Data("A few words.".utf8).write(to: URL(filePath: small + "/text.txt"))
    let empty = try Command.run([
      "evaluate", "report", "--model", tiny.model, "--filters", tiny.filters, "--haystack", small,
      "--out", scratch.path("n"),
    ])
    #expect(empty.status == 1 && empty.output.isEmpty)
    #expect(empty.error.contains("nothing was measured"), "\(empty.error)")
  }

  @Test("where standard output takes nothing, the folder has its page all the same")
  func noOutput() throws {
    let process = try Command.start(
      Command.binary, arguments: needle("o", "--lengths", "120", "--depths", "1"))
    process.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 74)
    #expect(FileManager.default.fileExists(atPath: scratch.path("o/index.html")))
  }

  @Test("after Ctrl-C every finished answer is kept, and the file is whole")
  func interrupted() throws {
    let arguments = needle("b", "--lengths", "120,160,200,240,280", "--depths", "20")
    let process = try Command.start(
      "/usr/bin/env", arguments: ["--default-signal=INT", Command.binary] + arguments)
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let path = scratch.path("b/needle.json")
    while !FileManager.default.fileExists(atPath: path) {
      try #require(process.isRunning)
      usleep(2_000)
    }
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: scratch.path("b")) == ["needle.json"])
    let kept = try #require(try Results<Needle.Cell>(ifPresentAt: path)).cells
    #expect(!kept.isEmpty && kept.count < 900)
    let all = try cells(arguments)
    #expect(all.count == 900)
    #expect(Array(all.prefix(kept.count)) == kept)
  }

  @Test("other settings, filters and models are refused by name, and the file is kept")
  func refused() throws {
    _ = try cells(needle("c", "--lengths", "120", "--depths", "1"))
    let path = scratch.path("c/needle.json")
    let before = try bytes(of: path)
    let other = try scratch.filters(of: tiny.model, corpus: tiny.otherText)
    for (options, status, word) in [
      (["--whole-layers", "1"], 1, "(whole layers: 0 there, 1 here)"),
      (["--needle", "lost"], 1, " there, lost here)"),
      (["--filters", other], 78, "(other filter bank)"),
    ] as [([String], Int32, String)] {
      var arguments = needle("c", "--lengths", "120", "--depths", "1")
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
    "a method that needs filters joins results that needed none; then other filters are refused")
  func filtersLater() throws {
    func run(_ options: [String]) throws -> Command.Result {
      try Command.run(
        [
          "evaluate", "perplexity", "--model", tiny.model, "--file", haystack + "/text.txt",
          "--tokens", "80", "--budget", "40", "--window", "8", "--out", scratch.path("p"),
        ] + options)
    }
    let other = try scratch.filters(of: tiny.model, corpus: tiny.otherText)
    for (options, status) in [
      (["--method", "k-norm"], 0), (["--filters", tiny.filters], 0),
      (["--method", "streaming-llm"], 0), (["--filters", other], 78),
    ] as [([String], Int32)] {
      let result = try run(options)
      #expect(result.status == status, "\(options): \(result.error)")
    }
    let results = try Results<Perplexity.Cell>(ifPresentAt: scratch.path("p/perplexity.json"))
    #expect(results?.cells.map(\.method) == ["k-norm", "q-filters", "streaming-llm"])
    #expect(results?.origin.filters != nil)
  }

  @Test(
    "results of another version of the program, or of other kernels, are refused: its figures may be others",
    arguments: [
      ("\"tool\":\"qfilters ", "other program"), ("\"kernels\":\"", "other kernels"),
      ("\"blas\":\"", "other kernels of OpenBLAS"),
    ])
  func otherProgram(key: String, words: String) throws {
    _ = try cells(needle("v", "--lengths", "120", "--depths", "1"))
    try change("v/needle.json", key, to: key + "0.")
    let result = try Command.run(needle("v", "--lengths", "120", "--depths", "1"))
    #expect(result.status == 1)
    #expect(result.error.contains("(\(words))"), "\(result.error)")
  }

  @Test("a run may go on on another machine; the page names both")
  func otherMachine() throws {
    _ = try cells(needle("m", "--lengths", "120", "--depths", "1"))
    try change("m/needle.json", "\"processor\":\"", to: "\"processor\":\"Another and ")
    _ = try cells(needle("m", "--lengths", "120", "--depths", "2"))
    let page = String(decoding: try bytes(of: scratch.path("m/index.html")), as: UTF8.self)
    #expect(page.ranges(of: "<dt>machine</dt>").count == 2)
    #expect(page.ranges(of: "<dd>Another and ").count == 1)
  }

  private func change(_ name: String, _ old: String, to new: String) throws {
    let path = scratch.path(name)
    let text = String(decoding: try bytes(of: path), as: UTF8.self)
    #expect(text.contains(old))
    try Data(text.replacing(old, with: new).utf8).write(to: URL(filePath: path))
  }

  @Test("a report does not begin where one of its parts could not go on")
  func reportChecked() throws {
    let arguments = ["--model", tiny.model, "--filters", tiny.filters, "--out", scratch.path("r")]
    let before = try Command.run(
      ["evaluate", "perplexity", "--file", tiny.text, "--tokens", "80", "--budget", "70"]
        + arguments)
    #expect(before.status == 0, "\(before.error)")
    let long = scratch.path("long")
    try FileManager.default.createDirectory(atPath: long, withIntermediateDirectories: true)
    let lines = (0..<400).map { "A line of text to be kept, number \($0). " }
    try Data(lines.joined().utf8).write(to: URL(filePath: long + "/text.txt"))
    let result = try Command.run(["evaluate", "report", "--haystack", long] + arguments)
    #expect(result.status == 1)
    #expect(result.error.contains("perplexity.json holds results of another run"))
    #expect(!FileManager.default.fileExists(atPath: scratch.path("r/fidelity.json")))
  }

  @Test(
    "a folder that another run writes to is refused, and so is one of another model or filter bank: nothing is measured"
  )
  func taken() throws {
    let arguments = needle("l", "--lengths", "120", "--depths", "1")
    try FileManager.default.createDirectory(
      atPath: scratch.path("l"), withIntermediateDirectories: true)
    do {
      let lock = try #require(try FolderLock(scratch.path("l")))
      let result = try Command.run(arguments)
      #expect(result.status == 1)
      #expect(result.error.contains("another run writes"), "\(result.error)")
      withExtendedLifetime(lock) {}
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path("l")).isEmpty)
    _ = try cells(arguments)
    let other = try Command.run(
      [
        "evaluate", "perplexity", "--model", Fixtures.path("models/tiny-qwen3"), "--file",
        haystack + "/text.txt",
        "--tokens", "80", "--out", scratch.path("l"),
      ])
    #expect(other.status == 78, "\(other.error)")
    #expect(other.error.contains("needle.json holds results of another run"), "\(other.error)")
    #expect(!FileManager.default.fileExists(atPath: scratch.path("l/perplexity.json")))
    let bank = try scratch.filters(of: tiny.model, corpus: tiny.otherText)
    let another = try Command.run([
      "evaluate", "fidelity", "--model", tiny.model, "--filters", bank, "--file",
      haystack + "/text.txt", "--context", "80", "--continuation", "8", "--sequences", "1",
      "--out", scratch.path("l"),
    ])
    #expect(another.status == 78, "\(another.error)")
    #expect(another.error.contains("other filter bank"), "\(another.error)")
    #expect(!FileManager.default.fileExists(atPath: scratch.path("l/fidelity.json")))
  }

  @Test("a file that holds no such results is refused, whatever it holds")
  func malformed() throws {
    _ = try cells(needle("d", "--lengths", "120", "--depths", "1"))
    let path = scratch.path("d/needle.json")
    let sound = String(decoding: try bytes(of: path), as: UTF8.self)
    for text in [
      "", "{}", "[1", String(sound.dropLast(40)),
      sound.replacing("\"depth\":0.5", with: "\"depth\":7"),
      sound.replacing("\"length\":120", with: "\"length\":-1"),
      sound.replacing("\"length\":120", with: "\"length\":1e400"),
      String(repeating: "[", count: 100_000),
    ] {
      try Data(text.utf8).write(to: URL(filePath: path))
      let result = try Command.run(needle("d", "--lengths", "120", "--depths", "1"))
      #expect(result.status == 65, "\(text.prefix(40)): \(result.error)")
      #expect(result.error.contains("needle.json"), "\(result.error)")
      #expect(try bytes(of: path) == Array(text.utf8))
    }
  }

  @Test(
    "the preset kvpress keeps neither sinks nor window, and results of it are results of their own")
  func preset() throws {
    let arguments = needle(nil) + ["--depths", "1", "--compressions", "4", "--methods", "k-norm"]
    let usual = try Command.run(arguments.filter { $0 != "--json" })
    let preset = try Command.run(arguments.filter { $0 != "--json" } + ["--ranking", "kvpress"])
    #expect(usual.status == 0 && preset.status == 0, "\(usual.error)\(preset.error)")
    // Of so few pairs, sinks and window leave nothing to rank, which the table says.
    #expect(String(decoding: usual.output, as: UTF8.self).contains("In brackets"))
    #expect(!String(decoding: preset.output, as: UTF8.self).contains("In brackets"))
    for (option, setting) in [("--ranking", "kvpress"), ("--sinks", "9"), ("--window", "3")] {
      let folder = "preset\(option)"
      #expect(try Command.run(needle(folder) + ["--depths", "1"]).status == 0)
      let other = try Command.run(needle(folder) + ["--depths", "1", option, setting])
      #expect(other.status == 1 && other.error.contains("another run"), "\(other.error)")
    }
  }

  @Test("whole layers hold all pairs whatever the compression, in every method")
  func wholeLayers() throws {
    for (layers, options) in [
      (0, []), (1, ["--whole-layers", "1"]), (2, ["--whole-layers", "2"]),
    ] {
      let cells = try cells(
        needle(nil) + ["--depths", "1", "--methods", "q-filters,snapkv,recall"] + options)
      for cell in cells {
        let kept = layers * cell.tokens + (2 - layers) * (cell.tokens / cell.compression)
        // Two KV heads; the question's own pairs are held beside.
        let own = cell.pairs - 2 * kept
        #expect(own > 0 && own.isMultiple(of: 4) && own < 4 * 40, "\(cell)")
      }
    }
  }
}
