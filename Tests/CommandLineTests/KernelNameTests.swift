import TestSupport
import Testing

@Suite("QFILTERS_KERNELS")
struct KernelNameTests {
  @Test(
    "names instruction sets; every command rejects another name, also one that only reads a file",
    arguments: ["nonsense", ""])
  func unknown(name: String) throws {
    let model = Fixtures.path("models/tiny-llama-f32.gguf")
    let snapshot = Fixtures.path("conformance/valid/bf16.kvsnap")
    for command in [
      ["generate", "--model", model, "--prompt", "a", "--max-tokens", "1"],
      ["inspect", snapshot], ["verify", snapshot],
    ] {
      let result = try Command.run(command, environment: ["QFILTERS_KERNELS": name])
      #expect(result.status == 64 && result.output.isEmpty)
      let sentence = "qfilters: QFILTERS_KERNELS is \"\(name)\"; this processor has plain"
      #expect(result.error.hasPrefix(sentence))
    }
  }
}
