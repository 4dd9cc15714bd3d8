import Foundation
import TestSupport
import Testing

@Suite("Recall: a question chooses the pairs that it attends to", .serialized, .realModel)
struct RecallTests {
  private let documents: Documents
  private static let heads = 90

  init() throws { documents = try Documents.shared.get() }

  private func resume(_ snapshot: String, _ prompt: String, _ options: [String]) throws -> Resumed {
    let result = try Command.run(
      [
        "resume", snapshot, "--model", Demo.model, "--prompt", prompt, "--max-tokens", "24",
        "--json",
      ]
        + options)
    #expect(result.status == 0, "\(result.error)")
    return try result.json()
  }

  @Test("×1 keeps everything, and so gives the tokens of the whole cache where all is within reach")
  func everything() throws {
    let question = "\n\nIn one sentence, the essay says that"
    let whole = try resume(documents.snapshot, question, ["--decompressed"])
    let recalled = try resume(documents.snapshot, question, ["--recall", "1", "--reach", "8192"])
    #expect(recalled.ids == whole.ids)
    #expect(recalled.pairs == whole.pairs)
  }

  @Test("a prompt of several chunks sees the whole context in each")
  func longPrompt() throws {
    let question = String(repeating: " The essay continues and says more.", count: 90)
    let whole = try resume(documents.snapshot, question, ["--decompressed"])
    let recalled = try resume(documents.snapshot, question, ["--recall", "1", "--reach", "8192"])
    #expect(recalled.ids == whole.ids)
    #expect(recalled.pairs == whole.pairs)
  }

  @Test("×32 finds a sentence that Q-Filters drop, with no more than 1/32 of the pairs")
  func needle() throws {
    let scratch = try ScratchFolder()
    let essay = String(decoding: try bytes(of: documents.document), as: UTF8.self)
    let parts = essay.split(separator: ". ", maxSplits: 20)
    let needle = "Captain Elena Voss hid the treasure map inside a violin case"
    let text = (parts[..<20] + [Substring(needle)] + parts[20...]).joined(separator: ". ")
    let file = try scratch.write("needle.txt", text.utf8)
    let snapshot = scratch.path("needle.kvsnap")
    let made = try Command.run(
      [
        "prefill", "--model", Demo.model, "--filters", documents.filters, "--prompt-file", file,
        "--chat", "--out", snapshot, "--json",
      ])
    #expect(made.status == 0, "\(made.error)")
    let question = "Where did Captain Elena Voss hide the treasure map?"
    let filtered = try resume(snapshot, question, ["--compression", "32"])
    let recalled = try resume(snapshot, question, ["--recall", "32"])
    #expect(!filtered.text.contains("violin"))
    #expect(recalled.text.contains("violin"), "\(recalled.text)")
    let tokens = recalled.contextTokens
    // The question's own pairs, some twenty a head, come on top.
    #expect(recalled.pairs <= Self.heads * (tokens / 32 + 40))
  }

  @Test(
    "it takes one of --compression, --recall and --decompressed, and a compression of at least 1")
  func usage() throws {
    for options in [["--recall", "0"], ["--recall", "8", "--compression", "8"]] {
      let result = try Command.run(
        ["resume", documents.snapshot, "--model", Demo.model, "--prompt", "x"] + options)
      #expect(result.status == 64)
      #expect(result.error.contains("--recall"))
    }
  }
}
