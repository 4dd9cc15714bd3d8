import ByteIO
import Foundation
import Inference
import ModelFiles
import TestSupport
import Testing

@Suite("A model with an embedding and an output matrix")
struct OutputMatrixTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  /// The tensors that count, and the logits of a short prompt.
  private func run(_ path: String) throws -> (names: Set<String>, logits: [Float]) {
    let engine = try Engine(ModelFile(path: path))
    let cache = try KVCache(shape: engine.cacheShape, dtype: .f32, capacity: 3)
    return (Set(engine.tensors.map(\.name)), try engine.prefill([5, 17, 200], into: cache))
  }

  /// A copy of a tied model with an output matrix as well.
  private func withOutput(
    tied: Bool = true, _ change: (inout TensorFile.Entry) -> Void
  ) throws -> String {
    let folder = try scratch.model("tiny-llama-f32") { file in
      var entry = try #require(file["model.embed_tokens.weight"])
      entry.name = "lm_head.weight"
      change(&entry)
      file.entries.append(entry)
    }
    let path = "\(folder)/config.json"
    let config = String(decoding: try bytes(of: path), as: UTF8.self)
    let words = #""tie_word_embeddings": "#
    try config.replacing("\(words)true", with: "\(words)\(tied)")
      .write(toFile: path, atomically: true, encoding: .utf8)
    return folder
  }

  @Test(
    "with the embedding's values it is tied, whatever the configuration says",
    arguments: [true, false])
  func equal(tied: Bool) throws {
    let alone = try run(Fixtures.path("models/tiny-llama-f32"))
    let both = try run(withOutput(tied: tied) { _ in })
    #expect(both.names == alone.names && !both.names.contains("output.weight"))
    #expect(both.logits == alone.logits)
  }

  @Test("values count, not how they are stored")
  func otherType() throws {
    let narrow = try scratch.model("tiny-qwen2") { file in
      let entry = try #require(file["model.embed_tokens.weight"])
      #expect(entry.type == "BF16")
      file.entries.append(
        TensorFile.Entry(name: "lm_head.weight", shape: entry.shape, entry.values))
    }
    #expect(!(try run(narrow).names.contains("output.weight")))
  }

  @Test("with other values it is used, and counts", arguments: [true, false])
  func different(tied: Bool) throws {
    let alone = try run(Fixtures.path("models/tiny-llama-f32"))
    let both = try run(
      withOutput(tied: tied) { entry in
        // One bit of the last number.
        entry.bytes[entry.bytes.count - 2] ^= 0x10
      })
    #expect(both.names == alone.names.union(["output.weight"]))
    #expect(both.logits.dropLast() == alone.logits.dropLast())
    #expect(both.logits.last != alone.logits.last)
  }

  @Test("so it is in GGUF")
  func gguf() throws {
    let path = Fixtures.path("models/tiny-llama-output.gguf")
    #expect(try run(path).names.contains("output.weight"))
    let tensors = try ModelFile(path: path).tensors
    let output = try #require(tensors["output.weight"])
    let embedding = try #require(tensors["token_embd.weight"])
    #expect(output.type == embedding.type)
    var file = try bytes(of: path)
    let length = output.rows * output.rowBytes
    file.replaceSubrange(
      output.offset..<output.offset + length,
      with: file[embedding.offset..<embedding.offset + length])
    #expect(!(try run(scratch.write("tied.gguf", file)).names.contains("output.weight")))
  }
}
