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
}
