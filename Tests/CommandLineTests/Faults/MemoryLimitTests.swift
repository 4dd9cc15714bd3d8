import Foundation
import TestSupport
import Testing

/// Address space may be limited (`ulimit -v`), and libraries then wait for ever or trap.
@Suite("With little address space a command answers, or says so in one sentence, at once")
struct MemoryLimitTests {
  private let folder: ScratchFolder
  private let snapshot, text: String

  init() throws {
    folder = try ScratchFolder()
    text = try folder.write("text.txt", Array("The quick brown fox jumps over the lazy dog.".utf8))
    snapshot = folder.path("in.kvsnap")
    let made = try Command.run(prefill(out: snapshot))
    try #require(made.status == 0, "\(made.error)")
  }

  private func prefill(out: String) -> [String] {
    [
      "prefill", "--model", Fixtures.path("models/tiny-llama-f32.gguf"), "--method", "k-norm",
      "--prompt-file",
      text, "--out", out,
    ]
  }

  @Test(arguments: [50_000, 65_000, 80_000, 150_000, 200_000, 250_000, 350_000, 700_000])
  func noHangAndNoTrap(kilobytes: Int) throws {
    let model = Fixtures.path("models/tiny-llama-f32.gguf")
    try check(
      ["generate", "--model", model, "--prompt", "hi", "--max-tokens", "2"], kilobytes)
    try check(prefill(out: folder.path("out.kvsnap")), kilobytes)
    try check(
      ["resume", snapshot, "--model", model, "--prompt", "hi", "--max-tokens", "2"], kilobytes)
    try check(
      [
        "precompute", "--model", model, "--corpus", text, "--length", "8", "--sequences", "2",
        "--out", folder.path("out.qfilt"),
      ], kilobytes)
    try check(["verify", "--digests", snapshot], kilobytes)
  }

  private func check(_ arguments: [String], _ kilobytes: Int) throws {
    let words = arguments.map { "'\($0)'" }.joined(separator: " ")
    let result = try Command.shell(
      "ulimit -c 0; ulimit -v \(kilobytes); exec timeout 60 \"$qfilters\" \(words)")
    let said = "\(arguments[0]) with \(kilobytes) kB: \(result.status), \(result.error)"
    #expect(result.signal == nil && [0, 1, 74].contains(result.status), "\(said)")
    guard result.status != 0 else { return }
    #expect(result.error.hasPrefix("qfilters: "), "\(said)")
    #expect(result.error.split(separator: "\n").count == 1, "\(said)")
  }
}
