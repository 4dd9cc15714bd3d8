import Foundation
import QFilters
import TestSupport
import Testing

extension FilterBank {
  /// What pairs of a context of `tokens` score, worked out plainly: the logarithm of the mean attention by filters of
  /// the query heads, and half of KeyDiff's score, each less its mean in standard deviations.
  ///
  /// - Parameters:
  ///   - keys: [pairs × headLength].
  ///   - base: RoPE's.
  func contextScores(
    keys: [Float], layer: Int, head: Int, tokens: Int, base: Double
  ) throws -> [Float] {
    let length = shape.headLength
    let pairs = stride(from: 0, to: keys.count, by: length).map {
      keys[$0..<$0 + length].map(Double.init)
    }
    let heads = try #require(heads)
    let group = heads.queryHeads / shape.kvHeads
    var attention = [Double](repeating: 0, count: pairs.count)
    for queryHead in head * group..<(head + 1) * group {
      let filter = try turned(
        heads.filter(layer: layer, queryHead: queryHead), tokens: tokens, base: base)
      let weights = pairs.map { exp(Self.product($0, filter) / Double(length).squareRoot()) }
      let total = weights.reduce(0, +)
      for (pair, weight) in weights.enumerated() { attention[pair] += weight / total }
    }
    let units = pairs.map { key in
      let size = Self.product(key, key).squareRoot()
      return key.map { $0 / size }
    }
    let mean = (0..<length).map { i in units.reduce(0) { $0 + $1[i] } }
    let different = Self.standardised(units.map { -Self.product($0, mean) })
    let attended = Self.standardised(attention.map { log(max($0 / Double(group), 1e-12)) })
    return zip(attended, different).map { Float($0 + $1 / 2) }
  }

  /// A filter, turned by plain RoPE from the middle of its calibration to that of the 512 positions behind a context.
  private func turned(_ filter: [Float], tokens: Int, base: Double) throws -> [Double] {
    let positions = Double(tokens + 256) - Double(try #require(sequences).length) / 2
    let (filter, half) = (filter.map(Double.init), filter.count / 2)
    var turned = filter
    for index in 0..<half {
      let angle = positions * Double(1 / Float(pow(base, Double(index) / Double(half))))
      turned[index] = filter[index] * cos(angle) - filter[index + half] * sin(angle)
      turned[index + half] = filter[index + half] * cos(angle) + filter[index] * sin(angle)
    }
    return turned
  }

  private static func product(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }

  private static func standardised(_ scores: [Double]) -> [Double] {
    let mean = scores.reduce(0, +) / Double(scores.count)
    let square = scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(scores.count)
    return scores.map { ($0 - mean) / square.squareRoot() }
  }
}
