import ByteIO
import CacheFormat
import TestSupport
import Testing

@testable import CacheCodec

@Suite("A group's vectors come back with an error that their step allows")
struct GroupCoderTests {
  /// Two heads with keys and values of four elements, whose basis is a rotation of them.
  private static func group(components: Int = 16) -> CacheTransform.Group {
    let length = 16
    var basis = [Int16](repeating: 0, count: components * length)
    for component in 0..<components {
      // Rotations by 45° between neighbours: √½ of each.
      let first = component / 2 * 2
      let unit = Int16((CacheTransform.unit * Float(0.5).squareRoot()).rounded())
      basis[component * length + first] = unit
      basis[component * length + first + 1] = component % 2 == 0 ? unit : -unit
    }
    return CacheTransform.Group(
      heads: 0..<2, mean: (0..<length).map { Float($0) / 8 },
      scale: (0..<length).map { 1 + Float($0 % 3) },
      deviations: (0..<components).map { 12 - 2 * $0 }, basis: basis)
  }

  /// Scales are the inverse of what an error in an element costs.
  private static func metric(_ group: CacheTransform.Group) -> [HeadMetric] {
    group.heads.map { head in
      let scales = group.scale[head * 8..<(head + 1) * 8]
      var value = [Float](repeating: 0, count: 16)
      for (index, scale) in scales.suffix(4).enumerated() { value[index * 5] = 1 / scale / scale }
      return HeadMetric(key: scales.prefix(4).map { 1 / $0 }, value: value)
    }
  }

  private static func encoder(_ group: CacheTransform.Group) -> GroupEncoder {
    GroupEncoder(group, metric: metric(group)[...], finest: -40, tables: .gaussian)
  }

  private static func rows(
    _ group: CacheTransform.Group, tokens: Int, _ random: inout SeededGenerator
  ) -> [Float] {
    (0..<tokens).flatMap { _ in
      random.floats(group.length).enumerated().map { index, x in
        group.mean[index] + 4 * x * group.scale[index]
      }
    }
  }

  @Test("for random vectors, steps and offsets", arguments: UInt64(1)...20)
  func error(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let encoder = Self.encoder(Self.group())
    let group = encoder.decoder.group
    let tokens = Int.random(in: 1...256, using: &random)
    let step = Int.random(in: -30 ... -10, using: &random)
    let rows = Self.rows(group, tokens: tokens, &random)
    let offsets = (0..<tokens).map { _ in Int8.random(in: 0...15, using: &random) }
    let coded = try #require(encoder.encode(rows, step: step, offsets: offsets)).bytes
    var reader = unsafe ByteReader(coded.span.bytes, path: "block", section: "DATA")
    let result = try encoder.decoder.decode(&reader, tokens: tokens, step: step)
    for token in 0..<tokens {
      let size = GroupDecoder.step(step - Int(offsets[token]))
      for index in 0..<group.length {
        let place = token * group.length + index
        let error = abs(rows[place] - result[place]) / group.scale[index]
        // Half a step in each of two factors, and what the basis rounds.
        #expect(error < size * 0.75 + 0.002, "seed \(seed), token \(token), element \(index)")
      }
    }
  }

  @Test("a coarser step takes fewer bytes")
  func size() throws {
    var random = SeededGenerator(seed: 5)
    let encoder = Self.encoder(Self.group())
    let rows = Self.rows(encoder.decoder.group, tokens: 256, &random)
    let offsets = [Int8](repeating: 0, count: 256)
    let sizes = [-20, -10, 0, 10].map {
      encoder.encode(rows, step: $0, offsets: offsets)?.bytes.count ?? 0
    }
    #expect(zip(sizes, sizes.dropFirst()).allSatisfy { $0 > $1 && $1 > 0 }, "\(sizes)")
  }

  @Test("vectors beyond all limits are not coded")
  func great() {
    let encoder = Self.encoder(Self.group())
    let rows = [Float](repeating: 1e20, count: 16)
    #expect(encoder.encode(rows, step: -20, offsets: [3]) == nil)
    #expect(encoder.encode(rows.map { _ in .nan }, step: -20, offsets: [3]) == nil)
  }

  @Test("every changed or missing byte of a block is noticed, or decodes to finite numbers")
  func damage() throws {
    var random = SeededGenerator(seed: 9)
    let encoder = Self.encoder(Self.group())
    let rows = Self.rows(encoder.decoder.group, tokens: 40, &random)
    let coded = try #require(
      encoder.encode(rows, step: -16, offsets: [Int8](repeating: 2, count: 40))
    ).bytes
    for index in coded.indices {
      for change in [UInt8(1), 0x80, 0xFF] {
        var bytes = coded
        bytes[index] ^= change
        let isFinite = Self.decoded(bytes, encoder.decoder)?.allSatisfy { $0.isFinite }
        #expect(isFinite ?? true)
      }
      #expect(Self.decoded(Array(coded.prefix(index)), encoder.decoder) == nil)
    }
  }

  /// The vectors of a block of 40 tokens; nil if it is malformed.
  private static func decoded(_ bytes: [UInt8], _ decoder: GroupDecoder) -> [Float]? {
    var reader = unsafe ByteReader(bytes.span.bytes, path: "block", section: "DATA")
    return try? decoder.decode(&reader, tokens: 40, step: -16)
  }
}
