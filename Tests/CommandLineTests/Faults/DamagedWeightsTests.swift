import Foundation
import TestSupport
import Testing

@Suite("A model with weights that are no numbers")
struct DamagedWeightsTests {
  /// The tiny model's folder with one tensor of nothing but a NaN.
  private func model(_ tensor: String, bits: UInt32, in scratch: ScratchFolder) throws -> String {
    let (source, folder) = (Fixtures.path("models/tiny-llama-f32"), scratch.path("model"))
    try FileManager.default.copyItem(atPath: source, toPath: folder)
    let path = folder + "/model.safetensors"
    var file = try bytes(of: path)
    let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try #require(
      try JSONSerialization.jsonObject(with: Data(file[8..<8 + length])) as? [String: Any])
    let entry = try #require(header[tensor] as? [String: Any])
    let offsets = try #require(entry["data_offsets"] as? [Int])
    for place in stride(from: offsets[0], to: offsets[1], by: 4) {
      for byte in 0..<4 {
        file[8 + length + place + byte] = UInt8(truncatingIfNeeded: bits >> (8 * UInt32(byte)))
      }
    }
    try Data(file).write(to: URL(filePath: path))
    return folder
  }

  @Test(
    "is rejected by whatever runs it, on every ISA, and nothing is written",
    arguments: ["q_proj", "k_proj", "v_proj"], ["plain", "avx2", nil])
  func refused(tensor: String, kernels: String?) throws {
    let scratch = try ScratchFolder()
    let text = try TinyFiles.shared.get().text
    // Any bits of the fraction make a NaN, and what is computed of one keeps them.
    let bits: UInt32 = tensor == "q_proj" ? 0xFFFF_FFFF : 0x7FC0_0000
    let model = try model("model.layers.1.self_attn.\(tensor).weight", bits: bits, in: scratch)
    for arguments in [
      ["evaluate", "perplexity", "--file", text, "--tokens", "150"],
      ["prefill", "--method", "k-norm", "--prompt-file", text, "--out", scratch.path("s.kvsnap")],
      ["generate", "--prompt", "ab"],
    ] {
      let result = try Command.run(
        arguments + ["--model", model],
        environment: kernels.map { ["QFILTERS_KERNELS": $0] } ?? [:])
      #expect(result.status == 1, "\(arguments[0]): \(result.error)")
      #expect(result.error.contains("not finite"), "\(result.error)")
    }
    #expect(!scratch.contents.contains("s.kvsnap"))
  }
}
