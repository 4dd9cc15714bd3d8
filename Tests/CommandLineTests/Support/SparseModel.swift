import Foundation
import TestSupport

/// A model folder whose weights are zeros that take no space on the disk, but memory when they are
/// read.
struct SparseModel {
  let path: String
  let bytes: Int

  private static let (width, hidden, heads) = (1024, 2560, 16)

  /// As the tiny model, but wide, and with `layers` layers.
  init(in scratch: ScratchFolder, layers: Int) throws {
    path = scratch.path("sparse")
    let tiny = Fixtures.path("models/tiny-llama-f32")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for name in ["tokenizer.json", "tokenizer_config.json"]
    where FileManager.default.fileExists(atPath: tiny + "/" + name) {
      try FileManager.default.copyItem(atPath: tiny + "/" + name, toPath: path + "/" + name)
    }
    let data = try Data(contentsOf: URL(filePath: tiny + "/config.json"))
    var config = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    config["num_hidden_layers"] = layers
    config["hidden_size"] = Self.width
    config["intermediate_size"] = Self.hidden
    config["num_attention_heads"] = Self.heads
    config["num_key_value_heads"] = Self.heads
    config["head_dim"] = Self.width / Self.heads
    try JSONSerialization.data(withJSONObject: config).write(
      to: URL(filePath: path + "/config.json"))
    let tensors = Self.tensors(layers: layers, vocabulary: config["vocab_size"] as? Int ?? 0)
    bytes = try Self.write(tensors, to: path + "/model.safetensors")
  }

  private static func tensors(layers: Int, vocabulary: Int) -> [(name: String, shape: [Int])] {
    var tensors = [
      ("model.embed_tokens.weight", [vocabulary, width]), ("model.norm.weight", [width]),
    ]
    for layer in 0..<layers {
      let prefix = "model.layers.\(layer)."
      for name in ["input_layernorm", "post_attention_layernorm"] {
        tensors.append((prefix + name + ".weight", [width]))
      }
      for name in ["q_proj", "k_proj", "v_proj", "o_proj"] {
        tensors.append((prefix + "self_attn.\(name).weight", [width, width]))
      }
      for name in ["gate_proj", "up_proj"] {
        tensors.append((prefix + "mlp.\(name).weight", [hidden, width]))
      }
      tensors.append((prefix + "mlp.down_proj.weight", [width, hidden]))
    }
    return tensors
  }

  private static func write(_ tensors: [(name: String, shape: [Int])], to path: String) throws
    -> Int
  {
    var end = 0
    let entries = tensors.map { name, shape in
      let start = end
      end += shape.reduce(4, *)
      return "\"\(name)\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[\(start),\(end)]}"
    }
    let header = Array("{\(entries.joined(separator: ","))}".utf8)
    let padded = header + [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8)
    try Data(RawContainer.field(UInt64(padded.count)) + padded).write(to: URL(filePath: path))
    try setLength(of: path, to: UInt64(8 + padded.count + end))
    return 8 + padded.count + end
  }
}
