import Inference
import QFilters

extension FilterBank {
  /// A scorer for a context of `tokens` by the model's own rotations, which may depend on the
  /// length.
  func scorer(after tokens: Int, engine: Engine) -> ContextFilterScorer {
    let length = length
    let (middle, goal) = (Double(length) / 2, Double(tokens + Self.futurePositions / 2))
    return ContextFilterScorer(
      self,
      turnedBy: (0..<shape.layers).map {
        // The context's keys have the rotations of a sequence of its own length.
        let turn = engine.rotation(layer: $0, from: (middle, length), to: (goal, tokens))
        return Rotation(cosines: turn.cosines, sines: turn.sines)
      },
      scale: engine.attentionScale)
  }
}
