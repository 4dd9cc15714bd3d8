import ByteIO
import CacheFormat
import Inference
import ModelFiles

/// Caches by this program's names: what `export` writes, with a tensor for each head, and a layout
/// that is easily written from a transformers DynamicCache, with one for each layer.
extension CacheFile {
  /// The file's cache.
  ///
  /// - Throws: `MalformedFile`, `ForeignCacheError`; `IdentityMismatch` is for the caller to find.
  func plainCache() throws -> ForeignCache {
    let isByHead = hasTensor("layer0.head0.keys")
    guard isByHead || hasTensor("layer0.keys") else {
      throw malformed("header", "it has no tensor of a cache")
    }
    guard !hasTensor("layer\(model.layers)\(isByHead ? ".head0" : "").keys") else {
      throw problem(.otherShape(found: "more layers", model: "\(model.layers)"))
    }
    var tokens: Int?
    var layers: [ForeignLayer] = []
    for layer in 0..<model.layers {
      let (keys, held) = try rows(.keys, layer, isByHead)
      let (values, heldValues) = try rows(.values, layer, isByHead)
      guard held == heldValues, held == tokens ?? held else {
        throw malformed("layer \(layer)", "keys and values of different numbers of tokens")
      }
      tokens = held
      layers.append(ForeignLayer(keys: keys, values: values))
    }
    var cache = ForeignCache(
      format: .tensors, file: file.file, tokens: hasTensor("tokens") ? try integers("tokens") : nil,
      length: tokens ?? 0, layers: layers)
    try readOwnMetadata(into: &cache)
    return cache
  }

  private func rows(
    _ tensor: ChunkTable.Tensor, _ layer: Int, _ isByHead: Bool
  ) throws -> (ForeignRows, tokens: Int) {
    let length = tensor == .keys ? model.keyLength : model.valueLength
    guard isByHead else {
      let (rows, tokens) = try stacked("layer\(layer).\(tensor)", length: length)
      return (rows, tokens)
    }
    guard !hasTensor("layer\(layer).head\(model.kvHeads).keys") else {
      throw problem(.otherShape(found: "more heads in layer \(layer)", model: "\(model.kvHeads)"))
    }
    let first = "layer\(layer).head0.\(tensor)"
    let (type, pairs) = (try element(first), try place(first).shape.first ?? 0)
    var heads: [Int] = []
    for head in 0..<model.kvHeads {
      let name = "layer\(layer).head\(head)"
      let place = try place("\(name).\(tensor)")
      guard try element("\(name).\(tensor)") == type else {
        throw malformed("tensor \(name).\(tensor)", "another type than the first head's")
      }
      guard place.shape == [pairs, length] else {
        throw problem(
          .otherShape(
            found: "\(name).\(tensor) of the shape \(place.shape)",
            model: "[\(pairs), \(length)]"))
      }
      guard try integers("\(name).positions").elementsEqual(0..<UInt32(pairs)) else {
        throw problem(.notWhole)
      }
      heads.append(place.bytes.lowerBound)
    }
    return (
      ForeignRows(
        type: type, length: length, heads: heads, tokenStride: length * type.size,
        elementStride: type.size), pairs
    )
  }

  /// What `export` says of the snapshot that a file was.
  private func readOwnMetadata(into cache: inout ForeignCache) throws {
    guard let version = metadata[CacheTensors.Facts.versionKey] else { return }
    guard version == CacheTensors.Facts.version else {
      throw problem(
        .unsupported(
          "version \(version) of an exported cache", supported: CacheTensors.Facts.version))
    }
    guard let facts = CacheTensors.Facts(metadata) else {
      throw malformed("__metadata__", "the prompt form or a digest is missing or malformed")
    }
    (cache.promptForm, cache.identity) = (facts.promptForm, facts.identity)
  }
}
