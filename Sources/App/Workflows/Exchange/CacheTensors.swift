import ByteIO
import CacheCodec
import CacheFormat
import ModelFiles

/// A cache as a safetensors file.
///
/// The tensors are those that `verify --digests` names (spec, conformance.md): `tokens` and, for
/// each layer and head, `positions`, `keys` and `values`, in the cache's own type.
struct CacheTensors {
  /// The context's token ids.
  let tokens: [UInt32]
  /// Layers and heads, types and lengths of keys and values.
  let context: ContextDescription
  /// The number of pairs that each head holds, [layers][kvHeads].
  let counts: [[Int]]

  /// Writes the file; one layer is in memory at a time.
  ///
  /// - Parameter heads: The pairs of a layer's heads, as many as `counts` says.
  /// - Returns: The file's size in bytes.
  /// - Throws: `SystemError`, and what `heads` throws.
  func write(to path: String, heads: (_ layer: Int) throws -> [PairBlock]) throws -> UInt64 {
    let file = try AtomicFile(path: path)
    let start = header + Self.bytes(tokens)
    try file.write(start, at: 0)
    var offset = UInt64(start.count)
    for layer in 0..<context.layers {
      for head in try heads(layer) {
        for bytes in [Self.bytes(head.positions), head.keys, head.values] {
          try file.write(bytes, at: offset)
          offset += UInt64(bytes.count)
        }
      }
    }
    try file.commit()
    return offset
  }

  private static func bytes(_ values: [UInt32]) -> [UInt8] {
    var writer = ByteWriter()
    for value in values { writer.write(value) }
    return writer.bytes
  }

  private var header: [UInt8] {
    var tensors = [SafetensorsWriter.Tensor("tokens", .u32, [tokens.count])]
    for (layer, heads) in counts.enumerated() {
      for (head, pairs) in heads.enumerated() {
        for tensor in ChunkTable.Tensor.allCases {
          let length = context.elementsPerPair(of: tensor, layer: layer)
          tensors.append(
            SafetensorsWriter.Tensor(
              "layer\(layer).head\(head).\(tensor)", Self.type(context.codec(of: tensor)),
              tensor == .positions ? [pairs] : [pairs, length]))
        }
      }
    }
    return SafetensorsWriter(tensors).header
  }

  private static func type(_ codec: ElementCodec) -> SafetensorsType {
    switch codec {
    case .float16: .f16
    case .bfloat16: .bf16
    case .float32: .f32
    default: .u32
    }
  }
}
