/// Euclidean lengths of vectors that stand one behind the other.
public enum VectorLengths {
  /// One length a vector.
  ///
  /// - Parameter vectors: [vectors × length].
  public static func lengths(_ vectors: [Float], of length: Int) -> [Float] {
    let elements = vectors.span
    return (0..<vectors.count / length).map { vector in
      var sum: Float = 0
      for i in vector * length..<(vector + 1) * length { sum += elements[i] * elements[i] }
      return sum.squareRoot()
    }
  }
}
