/// Rounds the numbers of one contribution to multiples of a power of two, so that float64 adds any
/// contributions up without an error: sums then do not depend on the order of adding, or on how text
/// was divided among machines.
///
/// A contribution keeps 28 bits below its greatest number, four more than the float32 that it comes from.
/// Float64 holds 53, so sums are exact until they are 2²⁴ times the greatest number of the smallest
/// contribution: with contributions of like size, over millions of them.
struct SumGrid {
  private static let keptBits = 28
  private let step: Double

  /// A grid for a contribution of which no number is greater than `greatest`.
  init(greatest: Double) {
    step =
      greatest > 0
      ? Double(
        sign: .plus, exponent: greatest.exponent - Double.Exponent(Self.keptBits), significand: 1)
      : 1
  }

  /// The nearest multiple, the even one of two.
  func round(_ value: Double) -> Double { (value / step).rounded(.toNearestOrEven) * step }
}
