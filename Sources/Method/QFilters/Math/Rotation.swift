/// How RoPE turns one layer's vectors, or how it does on average over several positions.
///
/// Vectors are in half-split order: elements i of the first and of the second half of what turns make a plane.
/// What lies behind both halves stays.
public struct Rotation: Sendable {
  /// Of each plane.
  public let cosines, sines: [Float]

  /// Brings a layer's cosines and sines together, as many of one as of the other.
  public init(cosines: [Float], sines: [Float]) {
    precondition(cosines.count == sines.count)
    (self.cosines, self.sines) = (cosines, sines)
  }

  /// A vector, turned.
  func turned(_ vector: [Float]) -> [Float] { turned(vector, length: vector.count, sines) }

  /// Vectors of `length` elements each, turned the other way.
  func turnedBack(_ vectors: [Float], length: Int) -> [Float] {
    turned(vectors, length: length, sines.map { -$0 })
  }

  private func turned(_ vectors: [Float], length: Int, _ sines: [Float]) -> [Float] {
    var turned = vectors
    let half = cosines.count
    for start in stride(from: 0, to: vectors.count, by: length) {
      for index in 0..<half {
        let (a, b) = (vectors[start + index], vectors[start + index + half])
        turned[start + index] = a * cosines[index] - b * sines[index]
        turned[start + index + half] = b * cosines[index] + a * sines[index]
      }
    }
    return turned
  }
}
