import ByteIO
import Foundation
import ModelFiles
import TestSupport
import Testing

@Suite("The tensors of a model's folder")
struct CheckpointTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  @Test("a tensor is rejected by the file's own name for it")
  func tensorNames() throws {
    let untied = try scratch.error(
      "config.json", #""tie_word_embeddings": true"#, #""tie_word_embeddings": false"#)
    #expect((untied as? MalformedFile)?.section == "tensor lm_head.weight")
    let model = try ModelFile(path: Fixtures.path("models/tiny-llama-f32"))
    let shape = #expect(throws: MalformedFile.self) {
      try model.tensor("blk.1.attn_k.weight", shape: [1, 64])
    }
    #expect(shape?.section == "tensor model.layers.1.self_attn.k_proj.weight")
    #expect(shape?.path.hasSuffix("/model.safetensors") == true)
    let unknown = #expect(throws: UnsupportedModel.self) { try model.rejectTensors(besides: [:]) }
    #expect(unknown?.what == "tensor model.layers.0.self_attn.k_proj.weight")
  }

  @Test("a tensor that a plain llama lacks is rejected, unless the configuration implies it")
  func otherTensors() throws {
    for (name, isRejected) in [
      ("model.layers.0.self_attn.q_proj.bias", true), ("model.layers.00.mlp.up_proj.weight", true),
      ("blk.0.attn_q.weight", true), ("model.layers.0.self_attn.rotary_emb.inv_freq", false),
    ] {
      let folder = try scratch.copy("chat_template.jinja") { _ in nil }
      let path = "\(folder)/model.safetensors"
      let whole = try bytes(of: path)
      let length = (0..<8).reduce(0) { $0 | Int(whole[$1]) << (8 * $1) }
      let (header, data) = (whole[8..<8 + length], whole[(8 + length)...])
      let entry = RawSafetensors.entry(name, "F32", [1], data.count, data.count + 4)
      let text = String(decoding: header, as: UTF8.self).replacing(/\}\s*$/, with: ",\(entry)}")
      let file = RawSafetensors.file(text, data + [0, 0, 0, 0])
      try Data(file).write(to: URL(filePath: path))
      do {
        _ = try ModelFile(path: folder)
        #expect(!isRejected, "\(name)")
      } catch let error as UnsupportedModel {
        #expect(isRejected && error.what == "tensor \(name)")
      }
    }
  }

  @Test(
    "tensors have no prefix in a base model, and a longer one next to other models",
    arguments: ["", "language_model.model.", "model.language_model.", "language_model."])
  func prefixes(prefix: String) throws {
    let usual = try ModelFile(path: Fixtures.path("models/tiny-llama-f32"))
    let folder = try scratch.model("tiny-llama-f32") { file in
      for index in file.entries.indices {
        file.entries[index].name.replace("model.", with: prefix, maxReplacements: 1)
      }
    }
    let model = try ModelFile(path: folder)
    #expect(model.tensors.keys.sorted() == usual.tensors.keys.sorted())
    let error = #expect(throws: MalformedFile.self) {
      try model.tensor("blk.1.attn_k.weight", shape: [1, 64])
    }
    #expect(error?.section == "tensor \(prefix)layers.1.self_attn.k_proj.weight")
  }

  @Test("shards of a base model are read as well")
  func shardsWithoutPrefix() throws {
    let usual = Fixtures.path("models/tiny-llama-bf16")
    let folder = try scratch.copy("model.safetensors.index.json", of: "tiny-llama-bf16") {
      $0.replacing("\"model.", with: "\"")
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: folder)
    where name.hasSuffix(".safetensors") {
      var file = try TensorFile("\(folder)/\(name)")
      for index in file.entries.indices { file.entries[index].name.replace("model.", with: "") }
      try file.write(to: "\(folder)/\(name)")
    }
    #expect(
      try ModelFile(path: folder).tensors.keys.sorted()
        == ModelFile(path: usual).tensors.keys.sorted())
  }

  @Test("only the language model of a Gemma 3 with a vision tower is read")
  func multimodal() throws {
    let usual = try ModelFile(path: Fixtures.path("models/tiny-gemma3"))
    for (prefix, vision) in [
      ("language_model.model.", "vision_tower."), ("model.language_model.", "model.vision_tower."),
    ] {
      let folder = try scratch.model("tiny-gemma3") { file in
        for index in file.entries.indices {
          file.entries[index].name.replace("model.", with: prefix, maxReplacements: 1)
        }
        file.entries.append(
          TensorFile.Entry(name: "\(vision)encoder.layers.0.weight", shape: [1], [1]))
      }
      let path = "\(folder)/config.json"
      let inner = String(decoding: try bytes(of: path), as: UTF8.self)
      #expect(throws: UnsupportedModel.self, "a tower that config.json does not mention") {
        try ModelFile(path: folder)
      }
      try #"{"model_type": "gemma3", "eos_token_id": [1, 2], "text_config": \#(inner)}"#
        .write(toFile: path, atomically: true, encoding: .utf8)
      let model = try ModelFile(path: folder)
      #expect(model.architecture == usual.architecture)
      #expect(model.tensors.keys.sorted() == usual.tensors.keys.sorted())
    }
  }

  @Test("shards must hold exactly what the index says")
  func shards() throws {
    let index = "model.safetensors.index.json"
    let (first, second) = ("model-00001-of-00002", "model-00002-of-00002")
    for (file, change, section) in [
      (index, { $0.replacing(first, with: second) }, "tensor"),
      (
        index, { $0.replacing(/"lm_head[^,]*,/, with: "").replacing("norm", with: "form") },
        "tensor"
      ),
      (index, { $0.replacing(first, with: "../\(first)") }, "weight_map"),
      (index, { $0.replacing(".safetensors", with: ".bin") }, "weight_map"),
      (index, { $0.replacing("weight_map", with: "weights") }, "index"),
    ] as [(String, (String) -> String, String)] {
      let folder = try scratch.copy(file, of: "tiny-llama-bf16", change)
      let error = #expect(throws: MalformedFile.self) { try ModelFile(path: folder) }
      #expect(error?.section.hasPrefix(section) == true, "\(String(describing: error))")
    }
    let folder = try scratch.copy("\(second).safetensors", of: "tiny-llama-bf16") { _ in nil }
    let error = #expect(throws: SystemError.self) { try ModelFile(path: folder) }
    #expect(error?.isMissingInput == true)
  }
}
