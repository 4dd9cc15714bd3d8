import Foundation
import TestSupport

/// The folder of a model that has a tokenizer and hardly anything else.
struct TokenizerFolder {
  let path: String
  private let scratch: ScratchFolder

  /// Makes the folder around one of the fixtures, or around a tokenizer's text.
  init(of name: String) throws {
    try self.init(
      tokenizer: String(
        decoding: bytes(of: Fixtures.path("tokenization/\(name).tokenizer.json")), as: UTF8.self))
  }

  init(tokenizer: String) throws {
    scratch = try ScratchFolder()
    path = scratch.path("model")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    // Ids are sought in the text: keys that Swift's String holds to be equal are different tokens.
    let ids = tokenizer.matches(of: /":(\d+)[,}]/).compactMap { Int($0.1) }
    let pieces = tokenizer.matches(of: /",-?\d[^\]]*\]/).count
    let size = max(pieces, (ids.max() ?? 0) + 1)
    try write("tokenizer.json", tokenizer)
    try write(
      "config.json",
      """
      {"model_type": "llama", "hidden_size": 4, "intermediate_size": 4, "num_hidden_layers": 1,
      "num_attention_heads": 2, "vocab_size": \(size), "max_position_embeddings": 16,
      "tie_word_embeddings": true}
      """)
    // Weights without any tensor.
    try Data([2, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8)).write(
      to: URL(filePath: "\(path)/model.safetensors"))
  }

  func write(_ file: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(filePath: "\(path)/\(file)"))
  }
}
