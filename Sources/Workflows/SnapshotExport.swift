import ByteIO
import CacheCodec
import CacheFormat

/// A snapshot's cache as a safetensors file: the tensors that `verify --digests` names
/// (spec, conformance.md), `tokens` and, for each layer and head, `positions`, `keys` and `values`.
public enum SnapshotExport {
  private struct Tensor {
    var name: String
    var type: String
    var shape: [Int]
    var byteCount: Int
  }

  /// Writes what a compression keeps, in the cache's own type. One layer is in memory at a time.
  ///
  /// - Parameters:
  ///   - parents: Snapshots that it may go on from, beside those in its folder.
  ///   - compression: ×N, or nil for the whole cache.
  /// - Returns: The file's size in bytes.
  /// - Throws: `CompressionNotStored`, `MalformedFile`, `SystemError`; as `SnapshotChain`.
  public static func run(
    snapshot: String, parents: [String], compression: Int?, out: String
  ) throws -> UInt64 {
    let chain = try SnapshotChain(path: snapshot, parents: parents)
    let tensors = try tensors(chain, compression)
    let file = try AtomicFile(path: out)
    let header = header(tensors)
    try file.write(header, at: 0)
    var tokens = ByteWriter()
    for token in chain.metadata.tokens { tokens.write(token) }
    var offset = UInt64(header.count)
    func append(_ bytes: [UInt8]) throws {
      try file.write(bytes, at: offset)
      offset += UInt64(bytes.count)
    }
    try append(tokens.bytes)
    for layer in 0..<chain.metadata.context.layers {
      for head in try chain.readLayer(layer, ratio: compression).heads {
        var positions = ByteWriter()
        for position in head.positions { positions.write(position) }
        for bytes in [positions.bytes, head.keys, head.values] { try append(bytes) }
      }
    }
    try file.commit()
    return offset
  }

  private static func tensors(_ chain: SnapshotChain, _ compression: Int?) throws -> [Tensor] {
    let context = chain.metadata.context
    var tensors = [
      Tensor(name: "tokens", type: "U32", shape: [context.tokens], byteCount: 4 * context.tokens)
    ]
    for layer in 0..<context.layers {
      let positions = try chain.readPositions(layer: layer, ratio: compression)
      for (head, kept) in positions.map(\.count).enumerated() {
        for tensor in ChunkTable.Tensor.allCases {
          let (length, codec) = (context.elementsPerPair(of: tensor), context.codec(of: tensor))
          tensors.append(
            Tensor(
              name: "layer\(layer).head\(head).\(tensor)", type: name(codec),
              shape: tensor == .positions ? [kept] : [kept, length],
              byteCount: kept * length * codec.width))
        }
      }
    }
    return tensors
  }

  private static func name(_ codec: ElementCodec) -> String {
    switch codec {
    case .float16: "F16"
    case .bfloat16: "BF16"
    case .float32: "F32"
    default: "U32"
    }
  }

  /// The length and the JSON; spaces behind it align the values, as safetensors' other writers do.
  private static func header(_ tensors: [Tensor]) -> [UInt8] {
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
