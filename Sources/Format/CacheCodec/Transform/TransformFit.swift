/// How well a transform fits a text: what its blocks take, against text like that which it was
/// learnt from.
public struct TransformFit: Sendable, Equatable {
  /// Bytes of the blocks, also of those that had to be stored as elements; the first positions are
  /// not counted.
  private(set) var bytes = 0.0
  /// What they would be if factors varied as in the texts that the transform was learnt from.
  private(set) var usualBytes = 0.0

  /// How many times as large as usual the blocks are; 1 if there are none.
  public var size: Double { usualBytes > 0 ? bytes / usualBytes : 1 }

  /// Whether there are enough blocks to tell: the first positions of a text are like no others.
  public var isSignificant: Bool { usualBytes > 100_000 }

  static func += (sum: inout TransformFit, other: TransformFit) {
    sum.bytes += other.bytes
    sum.usualBytes += other.usualBytes
  }
}
