import ByteIO
import CacheFormat
import Inference
import ModelFiles

/// Writing a prompt cache of mlx-lm, in today's layout; see `CacheFile.mlxCache`.
extension EngineExport {
  func writeMLX(to file: inout SequentialFile) throws {
    let ids = "[" + tokens.map(String.init).joined(separator: ",") + "]"
    var metadata: [(name: String, text: String)] = [("0.\(CacheFile.tokensKey)", ids)]
    var tensors: [SafetensorsWriter.Tensor] = []
    var numbers: [(name: String, value: Int)] = []
    for layer in 0..<model.layers {
      let isRotating = window(layer) != nil
      metadata.append(("1.\(layer)", isRotating ? "RotatingKVCache" : "KVCache"))
      for (index, number) in state(layer).enumerated() {
        numbers.append(("\(layer).\(index + 2)", number))
      }
      for (index, tensor) in [ChunkTable.Tensor.keys, .values].enumerated() {
        tensors.append(
          SafetensorsWriter.Tensor(
            "\(layer).\(index)", CacheTensors.type(context.codec(of: tensor)),
            [
              1, model.kvHeads, count - first(layer),
              context.elementsPerPair(of: tensor, layer: layer),
            ]))
      }
    }
    metadata.append(("2.0", ""))
    for (index, number) in numbers.enumerated() {
      metadata += [("2.\(index + 1).0", number.name), ("2.\(index + 1).1", "scalar")]
    }
    tensors += numbers.map { SafetensorsWriter.Tensor($0.name, .i32, []) }
    try file.write(SafetensorsWriter(tensors, metadata: metadata).header)
    for layer in 0..<model.layers {
      for tensor in [ChunkTable.Tensor.keys, .values] {
        for head in try heads(tensor, layer: layer) {
          try file.write(Array(head[first(layer) * (head.count / count)..<head.count]))
        }
      }
    }
    var writer = ByteWriter()
    for number in numbers { writer.write(Int32(number.value)) }
    try file.write(writer.bytes)
  }

  /// The window of a layer that mlx-lm gives a rotating cache.
  private func window(_ layer: Int) -> Int? {
    model.name == "gemma3" ? model.window(ofLayer: layer) : nil
  }

  /// The first position that a layer's cache holds.
  private func first(_ layer: Int) -> Int { window(layer).map { max(0, count - $0) } ?? 0 }

  /// The numbers that follow keys and values: the tokens seen, and of a rotating cache the tokens
  /// that are always kept, its size, and the place of the next token.
  private func state(_ layer: Int) -> [Int] {
    window(layer).map { [count, 0, $0, count - first(layer)] } ?? [count]
  }
}
