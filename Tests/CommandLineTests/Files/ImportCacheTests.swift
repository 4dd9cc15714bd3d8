import TestSupport
import Testing

@Suite("import: caches of other engines on the command line")
struct ImportCacheTests {
  private struct Report: Decodable {
    let tokens: Int
    let format: String
  }

  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func run(_ file: String, model: String = "tiny-llama-f32.gguf") throws -> Command.Result {
    try Command.run([
      "import", file, "--model", Fixtures.path("models/\(model)"), "--method", "k-norm", "--out",
      folder.path("made.kvsnap"), "--force", "--json",
    ])
  }

  @Test(
    "each format becomes a snapshot that verifies",
    arguments: [
      ("llama-sequence-f16.bin", "llama.cpp sequence"),
      ("llama-session-transposed.bin", "llama.cpp session"),
      ("mlx.safetensors", "mlx-lm prompt cache"), ("transformers.safetensors", "safetensors cache"),
    ])
  func formats(file: String, format: String) throws {
    let report = try run(Fixtures.path("exchange/\(file)")).json(as: Report.self)
    #expect(report.tokens == 40 && report.format == format)
    #expect(try Command.run("verify", folder.path("made.kvsnap")).status == 0)
  }

  @Test("a wrong model, a cut file, an unknown version: a sentence, its exit code, and no file")
  func rejected() throws {
    let sequence = try bytes(of: Fixtures.path("exchange/llama-sequence-f16.bin"))
    var version = sequence
    version[4] = 99
    let cases: [(file: String, model: String, status: Int32)] = [
      (Fixtures.path("exchange/llama-sequence-f16.bin"), "tiny-qwen3.gguf", 78),
      (Fixtures.path("exchange/mlx.safetensors"), "tiny-gemma3.gguf", 78),
      (try folder.write("cut.bin", sequence.dropLast(9)), "tiny-llama-f32.gguf", 65),
      (try folder.write("version.bin", version), "tiny-llama-f32.gguf", 1),
      (try folder.write("other.bin", Array("no cache at all".utf8)), "tiny-llama-f32.gguf", 65),
      (folder.path("none.bin"), "tiny-llama-f32.gguf", 66),
    ]
    for wrong in cases {
      let result = try run(wrong.file, model: wrong.model)
      #expect(result.status == wrong.status, "\(wrong.file): \(result.error)")
      #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
      #expect(!folder.contents.contains("made.kvsnap"))
    }
  }

  @Test("a snapshot goes to llama.cpp and to mlx-lm and comes back with equal keys and values")
  func roundTrip() throws {
    _ = try run(Fixtures.path("exchange/transformers.safetensors"))
    let digests = try Command.run("verify", "--digests", folder.path("made.kvsnap")).output
    for (format, name) in [("llama.cpp", "back.bin"), ("mlx", "back.safetensors")] {
      let exported = folder.path(name)
      let export = try Command.run([
        "export", folder.path("made.kvsnap"), exported, "--format", format, "--model",
        Fixtures.path("models/tiny-llama-f32.gguf"),
      ])
      #expect(export.status == 0, "\(export.error)")
      #expect(try run(exported).status == 0)
      #expect(try Command.run("verify", "--digests", folder.path("made.kvsnap")).output == digests)
    }
  }
}
