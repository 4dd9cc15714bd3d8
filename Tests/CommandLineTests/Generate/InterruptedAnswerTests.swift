import CacheCodec
import CacheFormat
import Foundation
import TestSupport
import Testing

@Suite("Ctrl-C while an answer is written keeps what was said so far", .serialized, .realModel)
struct InterruptedAnswerTests {
  private struct Report: Decodable {
    let ids: [Int]
    let stop: String
    let savedBytes: Int?
  }

  private let folder: ScratchFolder
  private let root: String
  private let child: String

  init() throws {
    folder = try ScratchFolder()
    (root, child) = (folder.path("root.kvsnap"), folder.path("child.kvsnap"))
    let text = try folder.write("text.txt", "A short text to be kept. It is about nothing.".utf8)
    let made = try Command.run(
      [
        "prefill", "--model", Demo.model, "--method", "k-norm", "--prompt-file", text, "--out",
        root,
      ])
    try #require(made.status == 0, "\(made.error)")
  }

  /// A long answer of unlikely tokens, one of which is the end of the text. A test runner may
  /// ignore signals, and its children inherit that.
  private func start(_ options: [String]) throws -> (process: Process, output: Pipe) {
    let process = try Command.start(
      "/usr/bin/env",
      arguments: ["--default-signal=INT,TERM,HUP", Command.binary, "resume", root, "--model"]
        + [Demo.model, "--prompt", " Count:", "--max-tokens", "6000", "--temperature", "4"]
        + options)
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    return (process, output)
  }

  @Test("saved, with the signal's end of the process", arguments: [SIGINT, SIGTERM])
  func saved(number: Int32) throws {
    let (process, output) = try start(["--save", child])
    // The first text comes with the first token.
    var said = output.fileHandleForReading.availableData
    kill(process.processIdentifier, number)
    said += output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal)
    #expect(process.terminationStatus == number)
    #expect(try Command.run("verify", child).status == 0)
    let metadata = try SnapshotReader(path: child).metadata
    #expect(metadata.context.tokens < 6000)
    let shown = try Command.run("show", child, "--model", Demo.model)
    let text = String(decoding: said, as: UTF8.self)
    // The rest may hold special tokens, which show names.
    #expect(!text.isEmpty && String(decoding: shown.output, as: UTF8.self).contains(text.prefix(9)))
    #expect(folder.contents.filter { $0.hasPrefix(".") } == [])
  }

  @Test("the report says so, and a file that is saved is what it says")
  func report() throws {
    let (process, output) = try start(["--save", child, "--json", "--seed", "3"])
    try waitForGeneration(process)
    kill(process.processIdentifier, SIGINT)
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let report = try JSONDecoder().decode(Report.self, from: data)
    #expect(report.stop == "interrupted")
    #expect(!report.ids.isEmpty)
    let saved = try SnapshotReader(path: child).metadata
    #expect(saved.tokens.suffix(report.ids.count) == report.ids.map(UInt32.init)[...])
    #expect(try bytes(of: child).count == report.savedBytes)
  }

  @Test("a second one ends at once, with the child whole or not there")
  func twice() throws {
    let (process, output) = try start(["--save", child])
    _ = output.fileHandleForReading.availableData
    for _ in 0..<200 where process.isRunning {
      kill(process.processIdentifier, SIGINT)
      usleep(500)
    }
    _ = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal)
    #expect(folder.contents.filter { $0.hasPrefix(".") } == [])
    if folder.contents.contains("child.kvsnap") {
      #expect(try Command.run("verify", child).status == 0)
    }
  }

  /// With --json nothing is printed before the end: the model runs once its processor time grows
  /// beyond that of loading it.
  private func waitForGeneration(_ process: Process) throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < deadline {
      try #require(process.isRunning)
      let path = "/proc/\(process.processIdentifier)/stat"
      let fields = try String(contentsOfFile: path, encoding: .utf8).split(separator: " ")
      if fields.count > 14, (Int(fields[13]) ?? 0) + (Int(fields[14]) ?? 0) > 250 { return }
      usleep(20_000)
    }
  }
}
