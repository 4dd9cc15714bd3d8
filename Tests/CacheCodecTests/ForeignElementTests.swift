import CacheCodec
import CacheFormat
import Foundation
import SampleSnapshots
import TestSupport
import Testing

@Suite("Elements that only other engines' caches have")
struct ForeignElementTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  @Test("come back as they were, at every compression", arguments: ElementCodec.foreign)
  func roundTrip(codec: ElementCodec) throws {
    for seed in UInt64(1)...10 {
      var random = SeededGenerator(seed: seed)
      let sample = SampleSnapshot(
        random: &random, keyLength: 2 * codec.numbers, valueLength: codec.numbers, codec: codec)
      try sample.write(to: folder.path("a.kvsnap"))
      let chain = try SnapshotChain(path: folder.path("a.kvsnap"))
      #expect(chain.metadata == sample.metadata, "seed \(seed)")
      try Verification.verify(path: folder.path("a.kvsnap"))
      let table = sample.metadata.tiers
      for layer in 0..<table.layers {
        for compression in [1, 3, 8] {
          let heads = try chain.readLayer(layer, compression: compression).heads
          for (head, pairs) in heads.enumerated() {
            let kept = table.kept(compression: compression, layer: layer, head: head)
            let expected = sample.expected(layer: layer, head: head, kept: kept ?? 0)
            #expect(pairs.keys == expected.keys && pairs.values == expected.values, "seed \(seed)")
          }
        }
      }
    }
  }

  /// Source of the values: the OCP specification of 8-bit floating point, 2023, table 2.
  @Test("FP8 has the numbers of its specification")
  func float8() {
    let e4m3: [(UInt8, Float)] = [
      (0x00, 0), (0x01, 0x1p-9), (0x07, 0x1.cp-7), (0x08, 0x1p-6), (0x38, 1), (0x7e, 448),
      (0xfe, -448), (0xb9, -1.125),
    ]
    for (bits, number) in e4m3 { #expect(ElementCodec.float8E4M3.floats([bits]) == [number]) }
    #expect(ElementCodec.float8E4M3.floats([0x7f])[0].isNaN)
    let e5m2: [(UInt8, Float)] = [
      (0x01, 0x1p-16), (0x04, 0x1p-14), (0x3c, 1), (0x7b, 57344), (0xbd, -1.25), (0x7c, .infinity),
    ]
    for (bits, number) in e5m2 { #expect(ElementCodec.float8E5M2.floats([bits]) == [number]) }
  }

  @Test("Q8_0 is a scale times whole numbers")
  func q8() {
    let block: [UInt8] = [0x00, 0x38] + (0..<32).map { UInt8(bitPattern: Int8($0 * 8 - 128)) }
    let numbers: [Float] = (0..<32).map { Float($0 * 8 - 128) / 2 }
    #expect(ElementCodec.q8_0.floats(block) == numbers)
  }
}
