public import CacheFormat
import Dispatch
import Platform
public import QFilters
import Synchronization

extension TransformSums {
  /// The predicted divergences of the qualities, in nats, if all positions had one step. With finer
  /// steps where later tokens attend (`PositionOffsets`), about a third of that is left.
  private static let targets = (high: 0.0012, medium: 0.0045, low: 0.021)

  /// Components that vary less than the finest step by more than this, in quarters of a power of 2,
  /// are left out: tokens that are coded a little finer hardly see them.
  private static let room = 16

  /// The transform of these sums.
  ///
  /// - Throws: `CalibrationError`.
  public func transform() throws(CalibrationError) -> CacheTransform {
    let metric = metric
    let results = Mutex([Int: Result<GroupBasis, CalibrationError>]())
    DispatchQueue.concurrentPerform(iterations: groups.count) { group in
      let basis = Result { () throws(CalibrationError) in
        try GroupBasis(covariance(group), metric: metric[groups[group]], shape: shape)
      }
      results.withLock { $0[group] = basis }
    }
    var bases: [GroupBasis] = []
    for group in groups.indices {
      if let basis = results.withLock({ $0[group] }) { bases.append(try basis.get()) }
    }
    let deviations = bases.flatMap(\.deviations)
    let steps = QualitySteps(
      high: Self.step(deviations, divergence: Self.targets.high),
      medium: Self.step(deviations, divergence: Self.targets.medium),
      low: Self.step(deviations, divergence: Self.targets.low))
    let means = groups.indices.map { sums[$0].map { Float($0 / Double(max(positions, 1))) } }
    return CacheTransform(
      shape: shape, rope: rope,
      groups: groups.indices.map { index in
        bases[index].group(
          heads: groups[index], mean: means[index], least: steps.high - Self.room,
          finest: steps.high)
      }, metric: metric, steps: steps)
  }

  /// [length × length]: the covariance of a group's vectors.
  private func covariance(_ group: Int) -> [Float] {
    let (length, count) = (sums[group].count, Double(max(positions, 1)))
    let means = sums[group].map { $0 / count }
    var covariance = [Float](repeating: 0, count: length * length)
    for row in 0..<length {
      for column in row..<length {
        let value = Float(
          grams[group][row * length + column] / count - means[row] * means[column])
        covariance[row * length + column] = value
        covariance[column * length + row] = value
      }
    }
    return covariance
  }

  /// The greatest step, in quarters of a power of 2, at which the errors of all factors add up to
  /// at most `divergence`: each loses step²/12 and at most its variance.
  private static func step(_ deviations: [Double], divergence: Double) -> Int {
    let steps = -160...40
    let found = steps.last { step in
      let error = exp2(Double(step) / 2) / 12
      return deviations.reduce(0) { sum, deviation in
        let variance = deviation * deviation
        return sum + variance * error / (variance + error)
      } <= divergence
    }
    return found ?? steps.lowerBound
  }
}
