import ByteIO
import Foundation
import ModelFiles
import TestSupport
import Testing
import Tokenization

@Suite("A model's folder")
struct ModelFolderTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  /// A copy of a tiny model's folder with one file changed.
  private func copy(
    _ file: String, of name: String = "tiny-llama-f32", _ change: (String) -> String?
  ) throws -> String {
    let folder = scratch.path("model-\(UUID().uuidString)")
    try FileManager.default.copyItem(atPath: Fixtures.path("models/\(name)"), toPath: folder)
    let path = "\(folder)/\(file)"
    let text = String(decoding: (try? bytes(of: path)) ?? [], as: UTF8.self)
    if let changed = change(text) {
      #expect(changed != text, "nothing was changed")
      try Data(changed.utf8).write(to: URL(filePath: path))
    } else {
      try FileManager.default.removeItem(atPath: path)
    }
    return folder
  }

  /// Opens a copy of the single-file model with one part of a file replaced.
  private func error(_ file: String, _ part: String, _ replacement: String) throws -> any Error {
    let folder = try copy(file) { $0.replacing(part, with: replacement) }
    return try #require(
      #expect(throws: (any Error).self, "\(replacement)") { try ModelFile(path: folder) })
  }

  @Test(
    "it says what the GGUF of the same weights says, in one file or in shards",
    arguments: ["tiny-llama-f32", "tiny-llama-bf16"])
  func likeGGUF(name: String) throws {
    let folder = try ModelFile(path: Fixtures.path("models/\(name)"))
    let gguf = try ModelFile(path: Fixtures.path("models/\(name).gguf"))
    #expect(folder.architecture == gguf.architecture)
    #expect(folder.name == name)
    #expect(folder.tensors.keys.sorted() == gguf.tensors.keys.sorted())
    for (key, tensor) in folder.tensors {
      #expect(tensor.shape == gguf.tensors[key]?.shape)
      #expect(tensor.type == gguf.tensors[key]?.type)
      #expect(tensor.interleavedHeadLength == nil)
    }
    let (ours, theirs) = (folder.vocabulary, gguf.vocabulary)
    #expect(ours.model == theirs.model)
    #expect(ours.preTokenizer == theirs.preTokenizer)
    #expect(ours.tokens == theirs.tokens)
    #expect(ours.types == theirs.types)
    #expect(ours.merges == theirs.merges)
    #expect(ours.beginOfText == theirs.beginOfText)
    #expect(ours.endOfText == theirs.endOfText)
    #expect(ours.addsBeginOfText == theirs.addsBeginOfText)
    #expect(ours.chatTemplate == theirs.chatTemplate)
  }

  @Test(
    "of every architecture it says what the GGUF says", arguments: Fixtures.architecturesInBoth)
  func architecture(name: String) throws {
    let folder = try ModelFile(path: Fixtures.path("models/\(name)"))
    let gguf = try ModelFile(path: Fixtures.path("models/\(name).gguf"))
    #expect(folder.architecture == gguf.architecture)
    #expect(folder.tensors.keys.sorted() == gguf.tensors.keys.sorted())
  }

  @Test("Gemma 3's two kinds of RoPE stand in rope_parameters, or as older versions spell them")
  func olderGemma3() throws {
    let config = Fixtures.path("models/tiny-gemma3/config.json")
    var object = try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: config)))
        as? [String: Any])
    object["rope_parameters"] = nil
    object["layer_types"] = nil
    object["rope_theta"] = 1_000_000
    object["rope_local_base_freq"] = 10_000
    object["rope_scaling"] = ["rope_type": "linear", "factor": 8]
    let older = try JSONSerialization.data(withJSONObject: object)
    let folder = try copy("config.json", of: "tiny-gemma3") { _ in
      String(decoding: older, as: UTF8.self)
    }
    let model = try ModelFile(path: folder).architecture
    #expect(model == (try ModelFile(path: Fixtures.path("models/tiny-gemma3")).architecture))
    #expect(model.slidingWindows == [12, 12, 12, 12, 12, nil])
    #expect(model.localRope?.base == 10_000 && model.rope.base == 1_000_000)
    #expect(model.rope.scaling == .fixed([Float](repeating: 8, count: 8)))
  }

  @Test("which layers have a window is listed, or follows from the architecture")
  func windows() throws {
    for (name, part, replacement, windows) in [
      ("tiny-qwen2-window", #""max_window_layers": 1"#, #""max_window_layers": 9"#, [nil, 12]),
      ("tiny-qwen2-window", #""use_sliding_window": true"#, #""use_sliding_window": false"#, []),
      ("tiny-mistral", #""sliding_window": 12"#, #""sliding_window": null"#, []),
      ("tiny-mistral", #""sliding_window": 12"#, #""sliding_window": 7"#, [7, 7]),
    ] as [(String, String, String, [Int?])] {
      let folder = try copy("config.json", of: name) { $0.replacing(part, with: replacement) }
      #expect(try ModelFile(path: folder).architecture.slidingWindows == windows, "\(name)")
    }
    let odd = try copy("config.json", of: "tiny-gemma2") {
      $0.replacing("sliding_attention", with: "chunked_attention", maxReplacements: 1)
    }
    let error = #expect(throws: UnsupportedModel.self) { try ModelFile(path: odd) }
    #expect(error?.what == "layer type chunked_attention")
  }

  @Test("RoPE stands in rope_parameters, or in rope_theta and rope_scaling")
  func rope() throws {
    for (parameters, base) in [
      (#""rope_parameters": {"rope_type": "default", "rope_theta": 5e5}"#, 500_000.0),
      (#""rope_theta": 5e5, "rope_scaling": null"#, 500_000),
      (#""rope_theta": 5e5, "rope_scaling": {"type": "default"}"#, 500_000),
      (#""rope_theta": 0.1"#, Double(Float(0.1))), (#""nothing": 0"#, 10_000),
    ] {
      let folder = try copy("config.json") { Self.replacingRoPE($0, parameters) }
      #expect(try ModelFile(path: folder).architecture.rope.base == base)
    }
    for (parameters, what) in [
      (#""rope_scaling": {"type": "mystery", "factor": 2.0}"#, "RoPE scaling mystery"),
      (#""rope_parameters": {"xdrope": 2}"#, #"rope_parameters key "xdrope""#),
      (
        #""rope_parameters": {"rope_type": "linear", "factor": 2, "alpha": 2}"#,
        #"rope_parameters key "alpha""#
      ),
      (#""rope_parameters": {"full_attention": {}}"#, #"rope_parameters key "full_attention""#),
      (#""partial_rotary_factor": 0.5"#, "partial_rotary_factor 0.5"),
      (#""rope_interleaved": true"#, "config key rope_interleaved"),
    ] {
      let folder = try copy("config.json") { Self.replacingRoPE($0, parameters) }
      let error = #expect(throws: UnsupportedModel.self) { try ModelFile(path: folder) }
      #expect(error?.what == what)
    }
    for parameters in [
      #""rope_theta": 1, "rope_parameters": {"rope_theta": 2}"#,
      #""rope_scaling": {"type": "default"}, "rope_parameters": {"rope_theta": 2}"#,
      #""partial_rotary_factor": 1e30"#, #""rope_scaling": {"type": "dynamic", "factor": 0.5}"#,
      #""rope_scaling": {"type": "linear"}"#, #""rope_scaling": {"type": "linear", "factor": 0}"#,
      #""rope_scaling": {"type": "longrope", "short_factor": [1], "long_factor": [1]}"#,
      #""rope_scaling": {"type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 1}"#,
    ] {
      let folder = try copy("config.json") { Self.replacingRoPE($0, parameters) }
      #expect(throws: MalformedFile.self, "\(parameters)") { try ModelFile(path: folder) }
    }
  }

  private static func replacingRoPE(_ config: String, _ parameters: String) -> String {
    config.replacing(/"rope_parameters": \{[^}]*\}/, with: parameters)
  }

  @Test("what the engine's arithmetic lacks is refused by name")
  func unsupported() throws {
    for (part, replacement, what) in [
      (#""model_type": "llama""#, #""model_type": "mamba""#, "architecture mamba"),
      (#""silu""#, #""gelu""#, "hidden_act gelu"),
      (#""attention_bias": false"#, #""attention_bias": true"#, "config key attention_bias"),
      (#""use_cache": true"#, #""quantization_config": {}"#, "config key quantization_config"),
      (#""use_cache": true"#, #""sliding_window": 4096"#, "config key sliding_window"),
    ] {
      let error = try error("config.json", part, replacement)
      #expect((error as? UnsupportedModel)?.what == what)
      #expect("\(error)".contains("config.json"))
    }
  }

  @Test("a configuration that contradicts itself is refused by its key")
  func contradictions() throws {
    for (part, replacement, problem) in [
      (#""num_key_value_heads": 2"#, #""num_key_value_heads": 3"#, "does not divide"),
      (#""head_dim": 16"#, #""head_dim": 15"#, "odd"),
      (#""num_hidden_layers": 2"#, #""num_hidden_layers": null"#, "num_hidden_layers is null"),
      (#""num_hidden_layers": 2"#, #""num_hidden_layers": 2.5"#, "is no whole number"),
      (#""num_hidden_layers": 2"#, #""num_hidden_layers": 0"#, "is outside 1 … 4096"),
      (#""rms_norm_eps": 1e-05"#, #""rms_norm_eps": 1e999"#, "is no positive number"),
      (#""tie_word_embeddings": true"#, #""tie_word_embeddings": 1"#, "neither true nor false"),
      ("{", "[{", "comma or closing bracket"),
    ] {
      let error = try error("config.json", part, replacement)
      #expect((error as? MalformedFile)?.problem.contains(problem) == true, "\(error)")
    }
  }

  @Test("a tensor is refused by the file's own name for it")
  func tensorNames() throws {
    let untied = try error(
      "config.json", #""tie_word_embeddings": true"#, #""tie_word_embeddings": false"#)
    #expect((untied as? MalformedFile)?.section == "tensor lm_head.weight")
    let model = try ModelFile(path: Fixtures.path("models/tiny-llama-f32"))
    let shape = #expect(throws: MalformedFile.self) {
      try model.tensor("blk.1.attn_k.weight", shape: [1, 64])
    }
    #expect(shape?.section == "tensor model.layers.1.self_attn.k_proj.weight")
    #expect(shape?.path.hasSuffix("/model.safetensors") == true)
    let unknown = #expect(throws: UnsupportedModel.self) { try model.refuseTensors(besides: [:]) }
    #expect(unknown?.what == "tensor model.layers.0.self_attn.k_proj.weight")
  }

  @Test("a tensor that a plain llama lacks is refused, but not what follows from the configuration")
  func otherTensors() throws {
    for (name, isRefused) in [
      ("model.layers.0.self_attn.q_proj.bias", true), ("model.layers.00.mlp.up_proj.weight", true),
      ("blk.0.attn_q.weight", true), ("model.layers.0.self_attn.rotary_emb.inv_freq", false),
    ] {
      let folder = try copy("chat_template.jinja") { _ in nil }
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
        #expect(!isRefused, "\(name)")
      } catch let error as UnsupportedModel {
        #expect(isRefused && error.what == "tensor \(name)")
      }
    }
  }

  @Test(
    "a base model's tensors have no prefix, a language model's beside others a longer one",
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
    let folder = try copy("model.safetensors.index.json", of: "tiny-llama-bf16") {
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

  @Test("of a Gemma 3 with a vision tower the language model is read, and nothing else")
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
      #expect(throws: UnsupportedModel.self, "a tower that nobody announced") {
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
      let folder = try copy(file, of: "tiny-llama-bf16", change)
      let error = #expect(throws: MalformedFile.self) { try ModelFile(path: folder) }
      #expect(error?.section.hasPrefix(section) == true, "\(String(describing: error))")
    }
    let folder = try copy("\(second).safetensors", of: "tiny-llama-bf16") { _ in nil }
    let error = #expect(throws: SystemError.self) { try ModelFile(path: folder) }
    #expect(error?.isMissingInput == true)
  }

  @Test("a file that is missing is named", arguments: ["tokenizer", "model"])
  func missing(name: String) throws {
    let file = name + (name == "model" ? ".safetensors" : ".json")
    let folder = try copy(file) { _ in nil }
    let error = #expect(throws: SystemError.self) { try ModelFile(path: folder) }
    #expect(error?.isMissingInput == true)
    #expect(error?.path == "\(folder)/\(file)")
  }

  @Test("a folder without config.json is no model; a GGUF in it is named")
  func noModel() throws {
    let folder = try copy("config.json") { _ in nil }
    let error = #expect(throws: NoModelInFolder.self) { try ModelFile(path: folder) }
    #expect(error?.description.hasPrefix("\(folder)/config.json: no such file") == true)
    try Data().write(to: URL(filePath: folder + "/b.gguf"))
    let named = #expect(throws: NoModelInFolder.self) { try ModelFile(path: folder) }
    #expect(named?.description.hasSuffix("; name \(folder)/b.gguf") == true)
  }
}
