import CInferenceKernels
import Platform
import ModelFiles

/// Cosines and sines of the rotary embedding (RoPE) for some positions.
///
/// Angles are the float32 product of position and inverse frequency, as in transformers, so that
/// long contexts agree with it in the last places.
struct RoPETable: Sendable {
  private let rope: RoPE
  private let cosines: Matrix
  private let sines: Matrix

  init(_ rope: RoPE, maximumTokens: Int) throws(EngineError) {
    self.rope = rope
    cosines = try Matrix(rows: maximumTokens, columns: rope.dimensions / 2)
    sines = try Matrix(rows: maximumTokens, columns: rope.dimensions / 2)
  }

  /// Prepares the angles of positions, one row each, in a sequence of `length` tokens.
  func prepare(positions: [Int], length: Int) {
    fill(rows: positions.count, length: length, magnitude: rope.attentionFactor) { row, frequency in
      Double(Float(positions[row]) * frequency)
    }
  }

  /// Prepares angles that turn what is rotated already by more positions, one row each. Their
  /// number is the length of the sequence.
  func prepare(shifts: [Double]) {
    fill(rows: shifts.count, length: shifts.count, magnitude: 1) { row, frequency in
      shifts[row] * Double(frequency)
    }
  }

  private func fill(
    rows: Int, length: Int, magnitude: Float,
    angle: @Sendable (_ row: Int, _ frequency: Float) -> Double
  ) {
    let inverseFrequencies = inverseFrequencies(length)
    Parallel.forEachRange(of: rows, size: 16) { _, range in
      for row in range {
        for (index, frequency) in inverseFrequencies.enumerated() {
          let angle = angle(row, frequency)
          unsafe cosines.pointer(row: row)[index] = Float(cos(angle)) * magnitude
          unsafe sines.pointer(row: row)[index] = Float(sin(angle)) * magnitude
        }
      }
    }
  }

  /// The angles between neighbouring positions in a sequence of `length` tokens, and what cosines
  /// and sines are multiplied by.
  func frequencies(length: Int) -> (frequencies: [Float], magnitude: Float) {
    (inverseFrequencies(length), rope.attentionFactor)
  }

  private func inverseFrequencies(_ length: Int) -> [Float] {
    switch rope.scaling {
    case .none: return inverseFrequencies(base: rope.base)
    case .fixed(let factors): return inverseFrequencies(base: rope.base, factors)
    case .dynamic(let factor, let context):
      let stretch = Double(factor) * Double(max(length, context)) / Double(context)
      let dimensions = Double(rope.dimensions)
      let growth = pow(stretch - (Double(factor) - 1), dimensions / (dimensions - 2))
      return inverseFrequencies(base: rope.base * growth)
    case .byLength(let short, let long, let context):
      return inverseFrequencies(base: rope.base, length > context ? long : short)
    }
  }

  private func inverseFrequencies(base: Double, _ factors: [Float]? = nil) -> [Float] {
    (0..<cosines.columns).map { index in
      let frequency = 1 / Float(pow(base, Double(2 * index) / Double(rope.dimensions)))
      return factors.map { frequency / $0[index] } ?? frequency
    }
  }

  /// The mean cosines and sines over a run of positions, in a sequence that ends with them.
  func mean(over positions: Range<Int>) -> (cosines: [Float], sines: [Float]) {
    let scale = Double(rope.attentionFactor) / Double(positions.count)
    let angles = inverseFrequencies(positions.upperBound).map { frequency in
      positions.map { Double(Float($0) * frequency) }
    }
    return (
      angles.map { Float($0.reduce(0) { $0 + cos($1) } * scale) },
      angles.map { Float($0.reduce(0) { $0 + sin($1) } * scale) }
    )
  }

  /// Cosines and sines that turn what is rotated already to where it would be at another position
  /// and length.
  func turn(
    from old: (position: Double, length: Int), to new: (position: Double, length: Int)
  ) -> (cosines: [Float], sines: [Float]) {
    let angles = zip(inverseFrequencies(old.length), inverseFrequencies(new.length)).map {
      new.position * Double($1) - old.position * Double($0)
    }
    return (angles.map { Float(cos($0)) }, angles.map { Float(sin($0)) })
  }

  /// Undoes what `rotate` did to a row of whose position the angles are in row `angles`.
  func rotateBack(_ heads: Matrix, row: Int, angles: Int, length: Int) {
    let (half, scale) = (cosines.columns, 1 / (rope.attentionFactor * rope.attentionFactor))
    let (cosines, sines) = (cosines.row(angles), sines.row(angles))
    for head in stride(from: 0, to: heads.columns, by: length) {
      let vector = unsafe heads.pointer(row: row) + head
      for index in 0..<half {
        let (a, b) = unsafe (vector[index], vector[index + half])
        unsafe vector[index] = (a * cosines[index] + b * sines[index]) * scale
        unsafe vector[index + half] = (b * cosines[index] - a * sines[index]) * scale
      }
    }
  }

  /// Rotates the heads of one row, each of `length` elements, by the angles of row `angles`.
  func rotate(_ heads: Matrix, row: Int, angles: Int, length: Int) {
    for head in stride(from: 0, to: heads.columns, by: length) {
      unsafe rotate(heads.pointer(row: row) + head, row: angles)
    }
  }

  /// Rotates one head by the angles of a row.
  @unsafe func rotate(_ head: UnsafeMutablePointer<Float>, row: Int) {
    unsafe Kernels.current.table.pointee.rope(
      head, cosines.pointer(row: row), sines.pointer(row: row), cosines.columns)
  }
}
