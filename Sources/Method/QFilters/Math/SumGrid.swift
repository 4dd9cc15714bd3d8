/// Rounds the numbers of one contribution to multiples of a power of two, so that float64 adds
/// contributions without error. Sums then do not depend on the order of adding, or on how text was
/// divided among machines.
///
/// A contribution keeps 28 bits below its greatest number, four more than float32. Float64 holds 53
/// bits, so a sum is exact up to 2²⁴ times the greatest number of the smallest contribution: over
/// millions of contributions of similar size.
package struct SumGrid {
  private static let keptBits = 28
  private let step: Double

  /// A grid for a contribution whose numbers are at most `greatest`.
  package init(greatest: Double) {
    step =
      greatest > 0
      ? Double(
        sign: .plus, exponent: greatest.exponent - Double.Exponent(Self.keptBits), significand: 1)
      : 1
  }

  /// The nearest multiple; of two equally near, the even one.
  package func round(_ value: Double) -> Double { (value / step).rounded(.toNearestOrEven) * step }

  /// Adds a Gram matrix. |Σ x·y| is at most √(Σ x² · Σ y²), so each element is rounded to a step of
  /// its own.
  ///
  /// - Parameters:
  ///   - gram: [length × length], of which the upper triangle is filled.
  ///   - sums: Likewise.
  /// - Returns: False, with nothing added, if a sum of squares is not finite.
  package static func add(_ gram: [Float], length: Int, to sums: inout [Double]) -> Bool {
    let norms = (0..<length).map { Double(gram[$0 * (length + 1)]).squareRoot() }
    guard norms.allSatisfy(\.isFinite) else { return false }
    for row in 0..<length {
      for column in row..<length {
        let grid = SumGrid(greatest: norms[row] * norms[column])
        sums[row * length + column] += grid.round(Double(gram[row * length + column]))
      }
    }
    return true
  }
}
