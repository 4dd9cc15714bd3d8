import Foundation
import QFilters
import TestSupport
import Testing

@Suite("A calibration that is ended continues where it was", .serialized, .realModel)
struct CalibrationResumeTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func arguments(_ out: String, sequences: Int = 12, shard: String? = nil) -> [String] {
    [
      "precompute", "--model", Demo.model, "--corpus", Demo.essay("worked"), "--sequences",
      "\(sequences)", "--length", "256", "--out", scratch.path(out), "--json",
    ] + (shard.map { ["--shard", $0] } ?? [])
  }

  private struct Report: Decodable { let tokens, resumedTokens: Int }

  /// Kills a run without warning as soon as some sequences are finished.
  private func kill(_ arguments: [String], partial: String) throws {
    let process = try Command.start(arguments: arguments)
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    while !scratch.contents.contains(partial) {
      try #require(process.isRunning)
      usleep(2_000)
    }
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal)
  }

  @Test("after kill -9 no finished sequence is computed again, and the result is that of one run")
  func killed() throws {
    #expect(try Command.run(arguments("one.qfilt")).status == 0)
    try kill(arguments("a.qfilt"), partial: "a.qfilt.partial")
    #expect(scratch.contents == ["a.qfilt.partial", "one.qfilt"])
    let finished = try StatisticsFile(path: scratch.path("a.qfilt.partial")).statistics.tokens
    #expect(finished >= 1024)
    let report = try Command.run(arguments("a.qfilt")).json(as: Report.self)
    #expect((report.tokens, report.resumedTokens) == (3072, finished))
    #expect(try bytes(of: scratch.path("a.qfilt")) == bytes(of: scratch.path("one.qfilt")))
    #expect(scratch.contents == ["a.qfilt", "one.qfilt"])
  }

  @Test(
    "what is left of another recipe, shard or model is not mixed in: the file is named and kept")
  func otherRecipe() throws {
    try kill(arguments("a.qstat", shard: "1/2"), partial: "a.qstat.partial")
    let left = try bytes(of: scratch.path("a.qstat.partial"))
    for arguments in [
      arguments("a.qstat", sequences: 11, shard: "1/2"), arguments("a.qstat", shard: "2/2"),
    ] {
      let result = try Command.run(arguments)
      #expect(result.status == 1, "\(result.error)")
      #expect(result.error.contains("a.qstat.partial is the unfinished work of another run"))
    }
    let tiny = Fixtures.path("models/tiny-llama-f32.gguf")
    let other = try Command.run(
      arguments("a.qstat", shard: "1/2").map { $0 == Demo.model ? tiny : $0 })
    #expect(other.status == 78, "\(other.error)")
    #expect(scratch.contents == ["a.qstat.partial"])
    #expect(try bytes(of: scratch.path("a.qstat.partial")) == left)
    // Everything in one run contains the shard.
    let whole = try Command.run(arguments("a.qstat")).json(as: Report.self)
    #expect(whole.tokens == 3072 && whole.resumedTokens >= 1024)
    #expect(scratch.contents == ["a.qstat"])
  }

  @Test("a corpus that became too short: both numbers, and what was finished is kept")
  func shortened() throws {
    let corpus = scratch.path("corpus.txt")
    try FileManager.default.copyItem(atPath: Demo.essay("worked"), toPath: corpus)
    let run = arguments("a.qfilt").map { $0 == Demo.essay("worked") ? corpus : $0 }
    try kill(run, partial: "a.qfilt.partial")
    try setLength(of: corpus, to: 3_000)
    let result = try Command.run(run)
    #expect(result.status == 1)
    #expect(result.error.contains("tokens, but 3072 are needed"), "\(result.error)")
    #expect(scratch.contents == ["a.qfilt.partial", "corpus.txt"])
  }
}
