import Inference
import QFilters

extension FilterBank {
  /// The length of the authors' calibration sequences (arXiv 2503.02812), which a bank without a record is of.
  private static let publishedLength = 2048

  private var length: Int { sequences?.length ?? Self.publishedLength }

  /// Where the queries stood on average that the filters are of.
  var middle: Int { length / 2 }

  /// Scores pairs of a context of `tokens` with filters that are turned to what comes behind it.
  ///
  /// A filter is the first direction of queries at all positions of a calibration sequence, which are spread evenly
  /// about its middle; those that will ask for the pairs come from behind the context. Queries that are all turned
  /// by a rotation R have the Gram matrix R G Rᵀ, whose first eigenvector is R times that of G. RoPE's rotations
  /// add up, so the one from the middle of the one to the middle of the other makes of the filter that of queries
  /// that are spread so about what follows.
  func scorer(behind tokens: Int, engine: Engine) -> ContextFilterScorer {
    let length = length
    let (middle, goal) = (Double(length) / 2, Double(tokens + Self.futurePositions / 2))
    return ContextFilterScorer(
      self,
      turnedBy: (0..<shape.layers).map {
        // The context's keys were rotated as those of a sequence of its own length.
        let turn = engine.rotation(layer: $0, from: (middle, length), to: (goal, tokens))
        return Rotation(cosines: turn.cosines, sines: turn.sines)
      },
      scale: engine.attentionScale)
  }
}
