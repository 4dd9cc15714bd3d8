import Foundation
import QFilters
import TestSupport
import Testing

extension FilterBank {
  /// What pairs of a context of `tokens` score, worked out plainly by filters of the query heads.
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
    let filters = try (head * group..<(head + 1) * group).map {
      try turned(heads.filter(layer: layer, queryHead: $0), tokens: tokens, base: base)
    }
    let attended = PlainScores.attended(
      keys: pairs, filters: filters, scale: 1 / Double(length).squareRoot())
    return PlainScores.withKeyDiff(attended, keys: pairs).map(Float.init)
  }

  /// A filter, turned by plain RoPE from the middle of its calibration to the middle of the 512
  /// positions after a context.
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
}
