import Foundation
import QFilters
import TestSupport
import Testing

extension FilterBank {
  /// A filter, turned by plain RoPE from the middle of its calibration to that of the 512 positions behind a context.
  ///
  /// - Parameter base: RoPE's.
  func turned(layer: Int, head: Int, tokens: Int, base: Double) throws -> [Float] {
    let positions = Double(tokens + 256) - Double(try #require(sequences).length) / 2
    let filter = filter(layer: layer, head: head)
    let half = filter.count / 2
    var turned = filter
    for index in 0..<half {
      let angle = positions * Double(1 / Float(pow(base, Double(index) / Double(half))))
      let (cosine, sine) = (Float(cos(angle)), Float(sin(angle)))
      turned[index] = filter[index] * cosine - filter[index + half] * sine
      turned[index + half] = filter[index + half] * cosine + filter[index] * sine
    }
    return turned
  }
}
