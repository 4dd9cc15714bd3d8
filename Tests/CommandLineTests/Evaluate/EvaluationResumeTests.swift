import Evaluation
import Foundation
import TestSupport
import Testing

@Suite("An evaluation that is ended continues where it was", .serialized)
struct EvaluationResumeTests {
  private let runs: NeedleRuns

  init() throws { runs = try NeedleRuns() }

  @Test("what is there is not measured again, and the result is that of one run")
  func goesOn() throws {
    let whole = try runs.cells(runs.needle(nil))
    #expect(whole.count == 2 * 3 * 9)
    // A run of the first length alone is as far as one that was ended there.
    let first = try runs.cells(runs.needle("a", "--lengths", "120"))
    #expect(first == Array(whole.prefix(27)))
    let path = runs.scratch.path("a/needle.json")
    // Marked, so that a second measurement would be noticed.
    let text = String(decoding: try bytes(of: path), as: UTF8.self)
    try Data(text.replacing("\"pairs\":", with: "\"pairs\":1").utf8).write(
      to: URL(filePath: path))
    let all = try runs.cells(runs.needle("a"))
    #expect(all.prefix(27).allSatisfy { "\($0.pairs)".hasPrefix("1") && $0.pairs > 1000 })
    #expect(Array(all.dropFirst(27)) == Array(whole.dropFirst(27)))
  }

  @Test("after Ctrl-C every finished answer is kept, and the file is whole")
  func interrupted() throws {
    let arguments = runs.needle("b", "--lengths", "120,160,200,240,280", "--depths", "20")
    let process = try Command.start(
      "/usr/bin/env", arguments: ["--default-signal=INT", Command.binary] + arguments)
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let path = runs.scratch.path("b/needle.json")
    while !FileManager.default.fileExists(atPath: path) {
      try #require(process.isRunning)
      usleep(2_000)
    }
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: runs.scratch.path("b")) == ["needle.json"]
    )
    let kept = try #require(try Results<Needle.Cell>(ifPresentAt: path)).cells
    #expect(!kept.isEmpty && kept.count < 900)
    let all = try runs.cells(arguments)
    #expect(all.count == 900)
    #expect(Array(all.prefix(kept.count)) == kept)
  }

  @Test("where standard output takes nothing, the folder has its page all the same")
  func noOutput() throws {
    let process = try Command.start(
      Command.binary, arguments: runs.needle("o", "--lengths", "120", "--depths", "1"))
    process.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 74)
    #expect(FileManager.default.fileExists(atPath: runs.scratch.path("o/index.html")))
  }

  @Test("another machine may continue a run; the page names both")
  func otherMachine() throws {
    _ = try runs.cells(runs.needle("m", "--lengths", "120", "--depths", "1"))
    try runs.change("m/needle.json", "\"processor\":\"", to: "\"processor\":\"Another and ")
    _ = try runs.cells(runs.needle("m", "--lengths", "120", "--depths", "2"))
    let page = String(decoding: try bytes(of: runs.scratch.path("m/index.html")), as: UTF8.self)
    #expect(page.ranges(of: "<dt>machine</dt>").count == 2)
    #expect(page.ranges(of: "<dd>Another and ").count == 1)
  }
}
