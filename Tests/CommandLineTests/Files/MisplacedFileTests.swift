import Foundation
import TestSupport
import Testing

@Suite("A file of another kind than is needed is called what it is")
struct MisplacedFileTests {
  @Test("with the documented exit code and one sentence")
  func named() throws {
    let (tiny, scratch) = (try TinyFiles.shared.get(), try ScratchFolder())
    let text = try scratch.write("text.txt", "Some text.".utf8)
    let pdf = try scratch.write("book.pdf", Array("%PDF-1.4\n".utf8) + [0xE2, 0x28, 0xA1])
    let wide = try scratch.write("wide.txt", [0xFF, 0xFE, 0x41, 0x00, 0x00, 0xD8])
    let models = try scratch.write("model.gguf", bytes(of: tiny.model))
    let weights = Fixtures.path("models/tiny-llama-f32/model.safetensors")
    func generate(_ model: String, _ file: String) -> [String] {
      ["generate", "--model", model, "--prompt-file", file]
    }
    let cases: [(arguments: [String], status: Int32, part: String)] = [
      (["inspect", tiny.model], 65, "this is a GGUF model, not a file of this format"),
      (["inspect", text], 65, "not a file of this format"),
      (["inspect", try scratch.write("empty", [])], 65, "this is an empty file, not a file"),
      (["recompress", tiny.filters, "--out", scratch.path("x.kvsnap")], 65, "a filter bank, not"),
      (
        ["merge", tiny.filters, "--out", scratch.path("x.qfilt")], 65, "not calibration statistics"
      ),
      (generate(tiny.snapshot, text), 65, "this is a snapshot, not a GGUF file"),
      (generate(weights, text), 65, "this is a safetensors file, not a GGUF file; name its folder"),
      (generate(scratch.path(""), text), 66, "name \(models)"),
      (generate(tiny.model, tiny.model), 65, "is a GGUF model, not text"),
      (generate(tiny.model, pdf), 65, "is a PDF, not text"),
      (generate(tiny.model, wide), 65, "is UTF-16 text, not UTF-8"),
      (
        ["import", text, "--model", tiny.model, "--out", scratch.path("x.qfilt")], 66,
        "a part of the path is a file, not a folder"
      ),
      (["export", tiny.filters, text], 74, "name a folder, not a file"),
      (["export", tiny.filters, scratch.path("x.qfilt")], 64, "name one without .qfilt"),
    ]
    for (arguments, status, part) in cases {
      let result = try Command.run(arguments)
      #expect(result.status == status, "\(arguments): \(result.error)")
      #expect(result.error.contains(part), "\(arguments): \(result.error)")
      #expect(result.output.isEmpty)
    }
  }

  @Test("a chat model that is given plain text: one line of advice, once the answer is there")
  func advice() throws {
    let (tiny, scratch) = (try TinyFiles.shared.get(), try ScratchFolder())
    let out = scratch.path("x.kvsnap")
    func lines(_ arguments: [String]) throws -> [Substring] {
      let result = try Command.run(arguments + ["--json"])
      #expect(result.status == 0, "\(result.error)")
      return result.error.split(separator: "\n").filter { $0.contains("--chat") }
    }
    let prefill = [
      "prefill", "--model", tiny.model, "--method", "k-norm", "--prompt-file", tiny.text, "--out",
      out,
    ]
    let resume = ["resume", out, "--model", tiny.model, "--prompt", "x", "--max-tokens", "1"]
    let generate = ["generate", "--model", tiny.model, "--prompt", "x", "--max-tokens", "1"]
    #expect(try lines(prefill).count == 1)
    #expect(try lines(resume).count == 1)
    #expect(try lines(generate).count == 1)
    #expect(try lines(prefill + ["--chat"]) == [])
    #expect(try lines(resume) == [])
    #expect(try lines(generate + ["--chat"]) == [])
    let turn = "<|im_start|>user\nx<|im_end|>\n<|im_start|>assistant\n"
    #expect(
      try lines(["generate", "--model", tiny.model, "--prompt", turn, "--max-tokens", "1"]) == [])
  }
}
