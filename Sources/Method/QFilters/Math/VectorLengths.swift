/// Euclidean lengths of vectors that follow one another.
package enum VectorLengths {
  /// One length for each vector.
  ///
  /// - Parameter vectors: [vectors × length].
  package static func lengths(_ vectors: [Float], of length: Int) -> [Float] {
    let elements = vectors.span
    return (0..<vectors.count / length).map { vector in
      var sum: Float = 0
      for i in vector * length..<(vector + 1) * length { sum += elements[i] * elements[i] }
      return sum.squareRoot()
    }
  }
}
