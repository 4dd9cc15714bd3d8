/// How RoPE rotates one layer's vectors, at one position or on average over several.
///
/// Vectors are in half-split order: element i of the first half and element i of the second half of
/// the rotated part form a plane. Elements after the rotated part stay.
public struct Rotation: Sendable {
  /// One number for each plane.
  public let cosines, sines: [Float]

  /// A rotation by cosines and sines, of which there are equally many.
  public init(cosines: [Float], sines: [Float]) {
    precondition(cosines.count == sines.count)
    (self.cosines, self.sines) = (cosines, sines)
  }

  /// The rotated vector.
  func turned(_ vector: [Float]) -> [Float] { turned(vector, length: vector.count, sines) }

  /// Vectors of `length` elements each, rotated the other way.
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
