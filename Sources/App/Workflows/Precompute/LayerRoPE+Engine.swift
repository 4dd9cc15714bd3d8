import Inference
import ModelFiles
import QFilters

extension LinearScoreSums.Shape {
  /// The shape of a model's caches.
  init(of model: ModelConfig) {
    self.init(
      layers: model.layers, kvHeads: model.kvHeads, keyLength: model.keyLength,
      valueLength: model.valueLength)
  }
}

extension Engine {
  /// How the model's layers encode positions in sequences of `length` tokens.
  func layerRoPE(length: Int) -> LayerRoPE {
    let layers = (0..<architecture.layers).map { layer in
      let turn = frequencies(layer: layer, length: length)
      return LayerRoPE.Layer(
        window: architecture.window(ofLayer: layer), magnitude: turn.magnitude,
        frequencies: turn.frequencies)
    }
    return LayerRoPE(
      layers: layers, longest: architecture.rope.longestAlike(length), scale: attentionScale)
  }
}

extension KVCache {
  /// The last pairs of a layer as floats. They are at the same positions in all heads.
  func pairs(ofLayer layer: Int, last: Int) -> LayerKV {
    let heads = 0..<shape.kvHeads
    return LayerKV(
      layer: layer, positions: Array(positions(layer: layer, head: 0).suffix(last)),
      keys: heads.map {
        decodedKeys(layer: layer, head: $0, after: count(layer: layer, head: $0) - last)
      },
      values: heads.map {
        Array(decodedValues(layer: layer, head: $0).suffix(last * shape.valueLength))
      }, keyLength: shape.keyLength, valueLength: shape.valueLength, nextPosition: nextPosition)
  }
}
