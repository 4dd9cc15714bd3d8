import ByteIO
import CISA
import TestSupport
import Testing

@testable import CacheCodec

@Suite("Planes of symbols hold any integers of 16 bits")
struct SymbolPlanesTests {
  private static func roundTrip(
    _ planes: SymbolPlanes, _ integers: [Int16], depth: Int, gains: [Int8], offsets: [Int8]
  ) throws -> (bytes: Int, integers: [Int16], offsets: [Int8]) {
    let coded = planes.encode(integers, depth: depth, gains: gains, offsets: offsets)
    var result = [Int16](repeating: 0, count: integers.count)
    var reader = unsafe ByteReader(coded.span.bytes, path: "planes", section: "DATA")
    let read = try planes.decode(&reader, depth: depth, into: &result)
    return (coded.count, result, read)
  }

  @Test("of any deviation, gain and offset, also where symbols do not reach")
  func random() throws {
    for seed in UInt64(1)...80 {
      var random = SeededGenerator(seed: seed)
      let tokens = Int.random(in: 1...SymbolPlanes.longest, using: &random)
      let components = Int.random(in: 0...40, using: &random)
      let depth = components + Int.random(in: 0...3, using: &random)
      let deviations = (0..<components).map { _ in
        Int.random(in: SymbolPlanes.deviations, using: &random)
      }
      let gains = (0..<tokens).map { _ in Int8.random(in: -8...7, using: &random) }
      let offsets = (0..<tokens).map { _ in Int8.random(in: 0...15, using: &random) }
      var integers = [Int16](repeating: 0, count: tokens * depth)
      for token in 0..<tokens {
        for component in 0..<components {
          let size = min(32767, 1 << Int.random(in: 0...15, using: &random))
          integers[token * depth + component] = Int16(Int.random(in: -size...size, using: &random))
        }
      }
      let planes = SymbolPlanes(
        deviations: deviations, tokens: tokens, tables: .gaussian)
      let result = try Self.roundTrip(
        planes, integers, depth: depth, gains: gains, offsets: offsets)
      #expect(result.integers == integers, "seed \(seed)")
      #expect(result.offsets == offsets, "seed \(seed)")
    }
  }
}
