import CacheFormat
import Inference
import ModelFiles
import QFilters

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
      layers: layers, longest: architecture.rope.longestAlike, scale: attentionScale)
  }
}
