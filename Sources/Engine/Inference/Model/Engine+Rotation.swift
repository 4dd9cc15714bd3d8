import ModelFiles

extension Engine {
  /// Queries before RoPE. An observer calls it for the rows that it was given.
  ///
  /// - Parameters:
  ///   - rows: Rows of `queries`, all of them filled.
  ///   - target: Its first rows are filled.
  public func undoRotation(layer: Int, of queries: Matrix, rows: Range<Int>, into target: Matrix) {
    let (rope, length) = (decoder.rope(ofLayer: layer), architecture.keyLength)
    Parallel.forEachRange(of: rows.count, size: 16) { _, range in
      for row in range {
        target.copy(row: rows.lowerBound + row, of: queries, to: row)
        rope.rotateBack(
          target, row: row, angles: rows.lowerBound + row, length: length)
      }
    }
  }

  /// The mean over `positions` of the cosines and sines that RoPE has there in a layer, half of the
  /// rotated elements each.
  public func meanRotation(
    layer: Int, positions: Range<Int>
  ) -> (cosines: [Float], sines: [Float]) {
    decoder.rope(ofLayer: layer).mean(over: positions)
  }

  /// The rotation that moves a layer's vectors, after RoPE, to another position of another
  /// sequence. Some kinds of RoPE depend on a sequence's length.
  public func rotation(
    layer: Int, from old: (position: Double, length: Int), to new: (position: Double, length: Int)
  ) -> (cosines: [Float], sines: [Float]) {
    decoder.rope(ofLayer: layer).turn(from: old, to: new)
  }

  /// The angles between neighbouring positions by which a layer's RoPE turns its planes, in
  /// sequences of `length` tokens, and what cosines and sines are multiplied by.
  public func frequencies(
    layer: Int, length: Int
  ) -> (frequencies: [Float], magnitude: Float) {
    decoder.rope(ofLayer: layer).frequencies(length: length)
  }
}
