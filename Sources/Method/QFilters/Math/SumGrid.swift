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
}
