import Foundation
import TestSupport
import Testing

@Suite("Memory", .serialized)
struct MemoryTests {
  @Test("a prefill of 4,096 tokens peaks below the weights + 2 × the KV cache + 200 MiB")
  func prefill() throws {
    let documents = try Documents.shared.get()
    let scratch = try ScratchFolder()
    let text = try scratch.write("text.txt", try bytes(of: Demo.essay("worked")).prefix(17_030))
    let (result, peak) = try Command.measure([
      "prefill", "--model", Demo.model, "--filters", documents.filters, "--prompt-file", text,
      "--out", scratch.path("s.kvsnap"), "--json",
    ])
    let prefilled = try result.json(as: Prefilled.self)
    #expect((4_050...4_150).contains(prefilled.tokens))
    let weights = try bytes(of: Demo.model).count
    let cache = prefilled.tokens * 30 * 3 * (64 + 64) * 2
    #expect(peak < weights + 2 * cache + 200 << 20, "\(peak) bytes at \(prefilled.tokens) tokens")
  }

  @Test(
    "calibration of a model of 800 MB peaks below a fifth of that: layers are let go one by one")
  func calibration() throws {
    let scratch = try ScratchFolder()
    let model = try SparseModel(in: scratch, layers: 20)
    #expect(model.bytes > 800 << 20)
    let text = try scratch.write("t.txt", String(repeating: "Some text. ", count: 200).utf8)
    let (result, peak) = try Command.measure([
      "precompute", "--model", model.path, "--corpus", text, "--sequences", "2", "--length", "64",
      "--out", scratch.path("s.qstat"),
    ])
    #expect(result.status == 0, "\(result.error)")
    #expect(peak < model.bytes / 5, "\(peak) of \(model.bytes) bytes")
  }
}
