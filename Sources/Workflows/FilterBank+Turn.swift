import Inference
import QFilters

extension FilterBank {
  /// Positions behind a context whose queries its pairs are kept for, as many as Expected Attention
  /// (arXiv 2510.00636) counts.
  private static let futurePositions = 512
  /// The length of the authors' calibration sequences (arXiv 2503.02812), which a bank without a record is of.
  private static let publishedLength = 2048

  /// Scores pairs of a context of `tokens` by filters that are turned to what comes behind it.
  ///
  /// A filter is, but for its length, the mean of queries at all positions of a calibration sequence (their cosine is
  /// 0.9998 in SmolLM2-135M), and RoPE makes that mean point to the sequence's middle. The queries
  /// that will ask for the pairs come from behind the context. RoPE's rotations add up: what turns the middle of the
  /// one to the middle of the other makes of this filter the one of queries there.
  func scorer(behind tokens: Int, engine: Engine) -> QFilterScorer {
    let middle = Double(sequences?.length ?? Self.publishedLength) / 2
    let goal = Double(tokens + Self.futurePositions / 2)
    return QFilterScorer(
      self,
      turnedBy: (0..<shape.layers).map {
        let turn = engine.rotation(
          layer: $0, by: goal - middle, length: tokens + Self.futurePositions)
        return Rotation(cosines: turn.cosines, sines: turn.sines)
      })
  }
}
