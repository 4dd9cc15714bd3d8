import TestSupport
import Testing

@Suite("All architectures go all the way from calibration to resuming", .serialized)
struct ArchitectureTests {
  private let scratch: ScratchFolder
  /// A text of fewer tokens than are rounded to bfloat16 anywhere, and a longer one.
  private let text, corpus: String
  private static let line =
    "A line of text to be kept, and then some more of it, so that it is long.\n"

  init() throws {
    scratch = try ScratchFolder()
    text = try scratch.write("text.txt", Self.line.utf8)
    corpus = try scratch.write("corpus.txt", String(repeating: Self.line, count: 8).utf8)
  }

  private func prefill(_ model: String, _ bank: String) throws -> String {
    let snapshot = scratch.path("s.kvsnap")
    let made = try Command.run(
      [
        "prefill", "--model", model, "--filters", bank, "--prompt-file", text, "--out", snapshot,
        "--precision", "f32", "--sinks", "2", "--window", "4",
      ])
    #expect(made.status == 0, "\(made.error)")
    return snapshot
  }

  private func resume(_ snapshot: String, _ model: String, _ options: String...) throws -> Resumed {
    let result = try Command.run(
      [
        "resume", snapshot, "--model", model, "--prompt", " The end", "--max-tokens", "24",
        "--json",
      ]
        + options)
    #expect(result.status == 0, "\(result.error)")
    return try result.json()
  }

  // Dynamic RoPE turns all keys by the length of the whole sequence, which a snapshot cannot know.
  @Test(
    "decompressed, a snapshot continues as an uninterrupted run does",
    arguments: Fixtures.architectures.filter { $0 != "tiny-dynamic-rope" })
  func decompressed(name: String) throws {
    let model = Fixtures.path("models/\(name)")
    let snapshot = try prefill(model, try scratch.filters(of: model, corpus: corpus))
    let whole = try scratch.write("whole.txt", try bytes(of: text) + " The end".utf8)
    let generated = try Command.run(
      [
        "generate", "--model", model, "--prompt-file", whole, "--max-tokens", "24", "--precision",
        "f32", "--json",
      ])
    #expect(generated.status == 0, "\(generated.error)")
    let resumed = try resume(snapshot, model, "--decompressed")
    #expect(resumed.ids == (try generated.json(as: Generated.self)).ids)
    #expect(!resumed.ids.isEmpty)
    let compressed = try resume(snapshot, model, "--compression", "4")
    #expect(compressed.pairs < resumed.pairs / 2)
  }

  @Test(
    "a folder and a GGUF of the same weights have one identity",
    arguments: Fixtures.architecturesInBoth)
  func identity(name: String) throws {
    let folder = Fixtures.path("models/\(name)")
    let bank = try bytes(of: scratch.filters(of: folder, corpus: corpus))
    #expect(try bytes(of: scratch.filters(of: folder + ".gguf", corpus: corpus)) == bank)
  }
}
