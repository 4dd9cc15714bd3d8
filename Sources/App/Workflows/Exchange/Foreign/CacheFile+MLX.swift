import ByteIO
import Inference
import ModelFiles

/// Prompt caches of mlx-lm.
///
/// There are two layouts. Today's holds the number of tokens, and the state of a rotating cache, as
/// tensors; `__metadata__` has the caller's own texts (0.…), classes (1.…) and names of such
/// tensors (2.…). The former one, which mlx-swift-lm writes, has states (0.…), texts (1.…) and
/// classes (2.…) there.
extension CacheFile {
  /// What is known of one layer.
  private struct LayerState {
    let layer: Int
    let name: String
    /// The number of tokens that the layer has seen.
    let tokens: Int
    /// Where the next token goes, if tokens may be out of order.
    let next: Int?
  }

  /// The name, among the caller's texts, of the token ids as a list in JSON. Nothing in mlx-lm has
  /// it; this program writes it, and so may others.
  static let tokensKey = "tokens"

  private var isFormer: Bool { metadata["2.0"] != "" }

  /// The file's cache.
  ///
  /// - Throws: `MalformedFile`, `ForeignCacheError`.
  func mlxCache() throws -> ForeignCache {
    let classes = isFormer ? "2" : "1"
    guard metadata["\(classes).\(model.layers)"] == nil,
      metadata["\(classes).\(model.layers - 1)"] != nil
    else {
      let found = (0..<4096).prefix { metadata["\(classes).\($0)"] != nil }.count
      throw problem(.otherShape(found: "\(found) layers", model: "\(model.layers)"))
    }
    var layers: [ForeignLayer] = []
    var tokens: Int?
    for layer in 0..<model.layers {
      let state = try state(layer, name: metadata["\(classes).\(layer)"] ?? "")
      guard tokens ?? state.tokens == state.tokens else {
        throw malformed("layer \(layer)", "it has seen another number of tokens than layer 0")
      }
      tokens = state.tokens
      let keys = try stacked("\(layer).0", length: model.keyLength)
      let values = try stacked("\(layer).1", length: model.valueLength)
      let held = min(keys.tokens, values.tokens)
      guard state.tokens <= held, state.next ?? state.tokens == state.tokens else {
        guard state.next != nil else {
          throw malformed("layer \(layer)", "\(held) tokens where \(state.tokens) were seen")
        }
        throw problem(.windowed(layer: layer, held: held, tokens: state.tokens))
      }
      layers.append(ForeignLayer(keys: keys.rows, values: values.rows))
    }
    let text = metadata["\(isFormer ? "1" : "0").\(Self.tokensKey)"]
    return ForeignCache(
      format: .mlx, file: file.file,
      tokens: try text.map { try SuppliedTokens.ids(Array($0.utf8), path: file.path) },
      length: tokens ?? 0, layers: layers)
  }

  private func state(_ layer: Int, name: String) throws -> LayerState {
    switch name {
    case "KVCache", "KVCacheSimple":
      let tokens =
        try isFormer ? place("\(layer).0").shape.dropLast().last ?? 0 : integer("\(layer).2")
      return LayerState(layer: layer, name: name, tokens: tokens, next: nil)
    case "RotatingKVCache":
      guard isFormer else {
        return LayerState(
          layer: layer, name: name, tokens: try integer("\(layer).2"),
          next: try integer("\(layer).5"))
      }
      // keep, size, tokens and place; mlx-swift-lm has its step before the tokens.
      let texts = (0..<6).compactMap { metadata["0.\(layer).\($0)"] }
      let numbers = texts.compactMap(Int.init)
      guard numbers.count == texts.count, [4, 5].contains(numbers.count),
        numbers.allSatisfy({ (0...Int(Int32.max)).contains($0) })
      else { throw malformed("layer \(layer)", "its state is no list of 4 or 5 numbers") }
      let last = numbers.count - 1
      return LayerState(
        layer: layer, name: name, tokens: numbers[last - 1], next: numbers[last])
    default:
      throw problem(
        .unsupported("layer \(layer) as \(name)", supported: "KVCache, RotatingKVCache"))
    }
  }
}
