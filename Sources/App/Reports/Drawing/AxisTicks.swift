import Platform

/// Round numbers, a few of them, from below the least value to above the greatest.
struct AxisTicks {
  let values: [Double]

  private static let mostSteps = 6.0

  /// Ticks around a range of finite numbers.
  init(low: Double, high: Double) {
    let span = max(high - low, abs(high) * 1e-6, 1e-9)
    let ten = pow(10, floor(log10(span / Self.mostSteps)))
    let step = [1, 2, 2.5, 5, 10].map { $0 * ten }.first { span / $0 <= Self.mostSteps } ?? span
    let (first, last) = (floor(low / step + 1e-9), ceil(high / step - 1e-9))
    let count = max(1, min(100, last - first))
    values = (0...Int(count)).map { (first + Double($0)) * step }
  }

  /// How many decimals tell the ticks apart.
  static func decimals(_ ticks: [Double]) -> Int {
    guard ticks.count > 1 else { return 2 }
    let step = ticks[1] - ticks[0]
    return (0...6).first {
      abs(step * pow(10, Double($0)) - (step * pow(10, Double($0))).rounded()) < 1e-6
    } ?? 6
  }
}
