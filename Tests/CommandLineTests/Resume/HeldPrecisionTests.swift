import Foundation
import TestSupport
import Testing

@Suite("A resumed cache has the file's precision in memory")
struct HeldPrecisionTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  @Test("the command reports what is held; a budget and recall work on such a snapshot, too")
  func command() throws {
    let (tiny, text) = (Fixtures.path("models/tiny-llama-f32.gguf"), scratch.path("text.txt"))
    _ = try scratch.write("text.txt", String(repeating: "A line to be kept.\n", count: 12).utf8)
    func resume(_ precision: String, _ options: [String]) throws -> Resumed {
      let snapshot = scratch.path("s.kvsnap")
      let made = try Command.run(
        [
          "prefill", "--model", tiny, "--method", "k-norm", "--prompt-file", text, "--precision",
          precision, "--out", snapshot,
        ])
      #expect(made.status == 0, "\(made.error)")
      let result = try Command.run(
        ["resume", snapshot, "--model", tiny, "--prompt", " x", "--max-tokens", "6", "--json"]
          + options)
      #expect(result.status == 0, "\(precision), \(options): \(result.error)")
      return try result.json()
    }
    let floats = try resume("f32", ["--compression", "2"])
    for precision in ["f32,2:int8", "f32,2:int4", "f32,8:int8,2:int4"] {
      let held = try resume(precision, ["--compression", "2"])
      #expect(held.pairs == floats.pairs)
      #expect(held.cacheBytes * 10 < floats.cacheBytes * 9, "\(precision)")
      let whole = try resume(precision, ["--decompressed"])
      #expect(whole.cacheBytes * floats.pairs == floats.cacheBytes * whole.pairs, "\(precision)")
      let budget = try resume(
        precision, ["--compression", "2", "--budget", "90", "--window", "20", "--method", "k-norm"])
      #expect(budget.pairs < held.pairs && budget.ids.count == 6)
      let recalled = try resume(precision, ["--recall", "4"])
      #expect(recalled.pairs < held.pairs && recalled.ids.count == 6)
    }
  }
}
