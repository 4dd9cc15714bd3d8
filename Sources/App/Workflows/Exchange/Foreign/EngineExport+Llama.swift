import ByteIO
import CacheFormat
import Inference
import ModelFiles

/// Writing a sequence of llama.cpp, with values as they are with flash attention.
extension EngineExport {
  /// Layers that share a cache, and the first position that it holds.
  private struct Part {
    let layers: [Int]
    let first: Int
  }

  func writeLlama(to file: inout SequentialFile) throws {
    var start = ByteWriter()
    start.write(LlamaState.sequenceMagic)
    start.write(LlamaState.sequenceVersion)
    start.write(UInt32(count))
    for token in tokens { start.write(token) }
    try file.write(start.bytes)
    for part in parts {
      try file.write(beginning(of: part))
      for tensor in [ChunkTable.Tensor.keys, .values] {
        for layer in part.layers { try write(tensor, of: layer, from: part.first, to: &file) }
      }
    }
  }

  /// One cache, or a second one for layers with a window, which holds what the last token sees.
  private var parts: [Part] {
    let all = Array(0..<model.layers)
    let windows = all.compactMap { model.window(ofLayer: $0) }
    guard let window = windows.max(), model.hasWindowedCacheInLlama else {
      return [Part(layers: all, first: 0)]
    }
    return [
      Part(layers: all.filter { model.window(ofLayer: $0) == nil }, first: 0),
      Part(
        layers: all.filter { model.window(ofLayer: $0) != nil }, first: max(0, count - window)),
    ]
  }

  private func beginning(of part: Part) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(UInt32(1))
    writer.write(UInt32(count - part.first))
    for position in part.first..<count {
      writer.write(UInt32(position))
      writer.write(UInt32(1))
      writer.write(UInt32(0))
    }
    writer.write(UInt32(0))
    writer.write(UInt32(part.layers.count))
    return writer.bytes
  }

  private func write(
    _ tensor: ChunkTable.Tensor, of layer: Int, from first: Int, to file: inout SequentialFile
  ) throws {
    let codec = context.codec(of: tensor)
    let heads = try heads(tensor, layer: layer)
    let rowBytes = heads.reduce(0) { $0 + $1.count } / count
    let type = LlamaCells.types.first { $0.value == KVCache.DType(codec) }?.key ?? 0
    var writer = ByteWriter()
    writer.write(type)
    writer.write(UInt64(rowBytes))
    try file.write(writer.bytes)
    let isInterleaved = tensor == .keys && model.isInterleavedInGGUF
    try file.write(
      Self.rows(heads, width: codec.width, from: first, of: count, isInterleaved: isInterleaved))
  }

  /// Token by token what heads hold one after the other.
  private static func rows(
    _ heads: [[UInt8]], width: Int, from first: Int, of count: Int, isInterleaved: Bool
  ) -> [UInt8] {
    let bytes = (heads.first?.count ?? 0) / count
    let length = bytes / width
    // The place of each element in half-split order.
    var order = Array(0..<length)
    if isInterleaved {
      for element in 0..<length {
        order[Interleaving.place(of: element, length: length)] = element
      }
    }
    var rows: [UInt8] = []
    rows.reserveCapacity(heads.count * bytes * (count - first))
    for position in first..<count {
      for head in heads {
        let row = head[position * bytes..<(position + 1) * bytes]
        guard isInterleaved else {
          rows += row
          continue
        }
        for element in order {
          let start = row.startIndex + element * width
          rows += row[start..<start + width]
        }
      }
    }
    return rows
  }
}

extension ModelConfig {
  /// Whether llama.cpp has a cache of its own for layers with a window; in other models' it keeps
  /// all pairs.
  fileprivate var hasWindowedCacheInLlama: Bool { ["gemma2", "gemma3"].contains(name) }
}
