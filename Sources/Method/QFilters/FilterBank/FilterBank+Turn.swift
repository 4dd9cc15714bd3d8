package import CacheFormat
import Platform

extension FilterBank {
  /// The length of the authors' calibration sequences (arXiv 2503.02812), assumed for a bank
  /// without a record.
  private static let publishedLength = 2048

  package var length: Int { sequences?.length ?? Self.publishedLength }

  /// The mean position of the queries that the filters come from.
  package var middle: Int { length / 2 }

  /// A scorer for a context of `tokens`, with filters that are turned to the positions after it.
  ///
  /// A filter is the first direction of queries at all positions of a calibration sequence, spread
  /// evenly about its middle. The queries that will ask for the pairs come after the context.
  /// Queries that are all turned by a rotation R have the Gram matrix R G Rᵀ, whose first
  /// eigenvector is R times that of G. RoPE's rotations add up. So the rotation from the middle of
  /// a sequence to the middle of what follows turns the filter into that of the later queries.
  ///
  /// - Parameter rope: The model's, for a context of `tokens`.
  package func scorer(after tokens: Int, rope: LayerRoPE) -> ContextFilterScorer {
    let (middle, goal) = (Double(length) / 2, Double(tokens + Self.futurePositions / 2))
    return ContextFilterScorer(
      self,
      turnedBy: rope.layers.map { layer in
        let angles = layer.frequencies.map { goal * Double($0) - middle * Double($0) }
        return Rotation(
          cosines: angles.map { Float(cos($0)) }, sines: angles.map { Float(sin($0)) })
      }, scale: rope.scale)
  }
}
