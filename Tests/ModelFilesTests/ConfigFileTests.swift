import ByteIO
import Foundation
import ModelFiles
import TestSupport
import Testing

@Suite("The config.json of a model's folder")
struct ConfigFileTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  @Test("Gemma 3's two kinds of RoPE are in rope_parameters, or in the keys of older versions")
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
    let folder = try scratch.copy("config.json", of: "tiny-gemma3") { _ in
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
      let folder = try scratch.copy("config.json", of: name) {
        $0.replacing(part, with: replacement)
      }
      #expect(try ModelFile(path: folder).architecture.slidingWindows == windows, "\(name)")
    }
    let odd = try scratch.copy("config.json", of: "tiny-gemma2") {
      $0.replacing("sliding_attention", with: "chunked_attention", maxReplacements: 1)
    }
    let error = #expect(throws: UnsupportedModel.self) { try ModelFile(path: odd) }
    #expect(error?.what == "layer type chunked_attention")
  }

  @Test("RoPE is in rope_parameters, or in rope_theta and rope_scaling")
  func rope() throws {
    for (parameters, base) in [
      (#""rope_parameters": {"rope_type": "default", "rope_theta": 5e5}"#, 500_000.0),
      (#""rope_theta": 5e5, "rope_scaling": null"#, 500_000),
      (#""rope_theta": 5e5, "rope_scaling": {"type": "default"}"#, 500_000),
      (#""rope_theta": 0.1"#, Double(Float(0.1))), (#""nothing": 0"#, 10_000),
    ] {
      let folder = try scratch.copy("config.json") { Self.replacingRoPE($0, parameters) }
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
      let folder = try scratch.copy("config.json") { Self.replacingRoPE($0, parameters) }
      let error = #expect(throws: UnsupportedModel.self) { try ModelFile(path: folder) }
      #expect(error?.what == what)
    }
    for parameters in [
      #""rope_theta": 1, "rope_parameters": {"rope_theta": 2}"#,
      #""rope_scaling": {"type": "default"}, "rope_parameters": {"rope_theta": 2}"#,
      #""partial_rotary_factor": 1e30"#, #""rope_scaling": {"type": "dynamic", "factor": 0.5}"#,
      #""rope_scaling": {"type": "linear"}"#, #""rope_scaling": {"type": "linear", "factor": 0}"#,
      #""rope_scaling": {"type": "longrope", "short_factor": [1], "long_factor": [1]}"#,
      #""rope_scaling": {"type": "llama3", "factor": 8, "low_freq_factor": 4, "#
        + #""high_freq_factor": 1}"#,
      #""rope_theta": 1, "rope_scaling": {"type": "yarn", "factor": 8}"#,
    ] {
      let folder = try scratch.copy("config.json") { Self.replacingRoPE($0, parameters) }
      #expect(throws: MalformedFile.self, "\(parameters)") { try ModelFile(path: folder) }
    }
  }

  private static func replacingRoPE(_ config: String, _ parameters: String) -> String {
    config.replacing(/"rope_parameters": \{[^}]*\}/, with: parameters)
  }

  @Test("what the engine's arithmetic lacks is rejected by name")
  func unsupported() throws {
    for (part, replacement, what) in [
      (#""model_type": "llama""#, #""model_type": "mamba""#, "architecture mamba"),
      (#""silu""#, #""gelu""#, "hidden_act gelu"),
      (#""attention_bias": false"#, #""attention_bias": true"#, "config key attention_bias"),
      (#""use_cache": true"#, #""quantization_config": {}"#, "config key quantization_config"),
      (#""use_cache": true"#, #""sliding_window": 4096"#, "config key sliding_window"),
    ] {
      let error = try scratch.error("config.json", part, replacement)
      #expect((error as? UnsupportedModel)?.what == what)
      #expect("\(error)".contains("config.json"))
    }
  }

  @Test("a configuration that contradicts itself is rejected by its key")
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
      let error = try scratch.error("config.json", part, replacement)
      #expect((error as? MalformedFile)?.problem.contains(problem) == true, "\(error)")
    }
  }
}
