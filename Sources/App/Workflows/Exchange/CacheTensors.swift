import ByteIO
import CacheCodec
import CacheFormat

/// A cache as a safetensors file.
///
/// The tensors are those that `verify --digests` names (spec, conformance.md): `tokens` and, for
/// each layer and head, `positions`, `keys` and `values`, in the cache's own type.
struct CacheTensors {
  private struct Tensor {
    var name: String
    var type: String
    var shape: [Int]
    var byteCount: Int
  }

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

  private var tensors: [Tensor] {
    let ids = Tensor(
      name: "tokens", type: "U32", shape: [tokens.count], byteCount: 4 * tokens.count)
    return counts.enumerated().reduce(into: [ids]) { tensors, entry in
      for (head, pairs) in entry.element.enumerated() {
        for tensor in ChunkTable.Tensor.allCases {
          let (length, codec) = (context.elementsPerPair(of: tensor), context.codec(of: tensor))
          tensors.append(
            Tensor(
              name: "layer\(entry.offset).head\(head).\(tensor)", type: Self.name(codec),
              shape: tensor == .positions ? [pairs] : [pairs, length],
              byteCount: pairs * length * codec.width))
        }
      }
    }
  }

  private static func name(_ codec: ElementCodec) -> String {
    switch codec {
    case .float16: "F16"
    case .bfloat16: "BF16"
    case .float32: "F32"
    default: "U32"
    }
  }

  /// The length and the JSON. Spaces after it align the values, as other writers of safetensors do.
  private var header: [UInt8] {
    var start = 0
    let entries = tensors.map { tensor in
      defer { start += tensor.byteCount }
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      return #""\#(tensor.name)":{"dtype":"\#(tensor.type)","shape":[\#(shape)],"#
        + #""data_offsets":[\#(start),\#(start + tensor.byteCount)]}"#
    }
    let json = "{" + entries.joined(separator: ",") + "}"
    let padding = (8 - json.utf8.count % 8) % 8
    var writer = ByteWriter()
    writer.write(UInt64(json.utf8.count + padding))
    writer.write(Array(json.utf8) + [UInt8](repeating: UInt8(ascii: " "), count: padding))
    return writer.bytes
  }
}
