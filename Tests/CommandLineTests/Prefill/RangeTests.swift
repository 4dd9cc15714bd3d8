import Foundation
import TestSupport
import Testing

@Suite("Numbers that a cache or a comparison cannot hold")
struct RangeTests {
  private let scratch: ScratchFolder
  private let text: String

  init() throws {
    scratch = try ScratchFolder()
    text = try scratch.write("text.txt", String(repeating: "The quick fox jumps. ", count: 9).utf8)
  }

  /// A tiny model whose keys, or values, have a bias beyond what f16 holds.
  private func model(_ projection: String) throws -> String {
    try scratch.model("tiny-qwen2") { file in
      let name = "model.layers.1.self_attn.\(projection).bias"
      let shape = try #require(file[name]).shape
      file[name] = TensorFile.Entry(
        name: name, shape: shape, [Float](repeating: 70_000, count: shape[0]))
    }
  }

  @Test(
    "what is beyond f16 is no damage: another precision holds it", arguments: ["k_proj", "v_proj"])
  func beyondF16(projection: String) throws {
    let model = try model(projection)
    let (half, whole) = (scratch.path("half.kvsnap"), scratch.path("whole.kvsnap"))
    let prefill = ["prefill", "--method", "k-norm", "--prompt-file", text]
    let generate = ["generate", "--prompt-file", text, "--max-tokens", "2"]
    for (arguments, status) in [
      (generate, 1), (generate + ["--precision", "f32"], 0),
      (generate + ["--precision", "bf16"], 0),
      (prefill + ["--out", half], 1), (prefill + ["--precision", "int8", "--out", half], 1),
      (prefill + ["--precision", "8:f32,int4", "--out", half], 1),
      (prefill + ["--precision", "bf16", "--out", whole], 0),
      (["resume", whole, "--prompt", "and on", "--max-tokens", "2"], 0),
    ] {
      let result = try Command.run(arguments + ["--model", model])
      #expect(result.status == status, "\(arguments): \(result.error)")
      guard status == 1 else { continue }
      for part in ["65504", "f16", "--precision bf16 or --precision f32"] {
        #expect(result.error.contains(part), "\(arguments): \(result.error)")
      }
      #expect(!result.error.contains("damaged"), "\(result.error)")
    }
    let again = try Command.run(
      ["recompress", whole, "--precision", "int8", "--out", scratch.path("again.kvsnap")])
    #expect(again.status == 1 && again.error.contains("leave --precision out"), "\(again.error)")
    #expect(!scratch.contents.contains("half.kvsnap") && !scratch.contents.contains("again.kvsnap"))
  }

  @Test("one logit that is no number is found, however the next token is chosen")
  func oneLogit() throws {
    let model = try scratch.model("tiny-llama-f32") { file in
      let name = "model.embed_tokens.weight"
      let entry = try #require(file[name])
      var values = entry.values
      let width = entry.shape[1]
      values.replaceSubrange(250 * width..<251 * width, with: repeatElement(.nan, count: width))
      file[name] = TensorFile.Entry(name: name, shape: entry.shape, values)
    }
    let generate = ["generate", "--prompt", "ab"]
    let evaluate = ["evaluate", "perplexity", "--file", text, "--tokens", "40"]
    for arguments in [
      generate, generate + ["--temperature", "1"],
      generate + ["--temperature", "1", "--seed", "5"],
      generate + ["--top-k", "3", "--temperature", "2"], evaluate,
      evaluate + ["--budget", "32", "--window", "8", "--method", "streaming-llm"],
    ] {
      let result = try Command.run(arguments + ["--model", model])
      #expect(result.status == 1 && result.error.contains("not finite"), "\(result.error)")
    }
  }
}
