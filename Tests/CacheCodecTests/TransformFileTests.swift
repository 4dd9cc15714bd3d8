import ByteIO
import CacheFormat
import TestSupport
import Testing

@testable import CacheCodec

@Suite("A transform's file holds what it was made of")
struct TransformFileTests {
  private static func transform() -> CacheTransform {
    var random = SeededGenerator(seed: 3)
    let shape = CacheShape(layers: 2, kvHeads: 2, keyLength: 4, valueLength: 300)
    let steps = QualitySteps(high: -30, medium: -20, low: -10)
    let groups = [0..<1, 1..<4].map { heads -> CacheTransform.Group in
      let (length, components) = (heads.count * shape.pairLength, 12)
      let deviations = (0..<components).map { -10 - 2 * $0 }
      let basis = deviations.flatMap { deviation in
        let shift = CacheTransform.shift(deviation: deviation, finest: -30)
        return (0..<length).map { _ in
          (Int16.random(in: -900...900, using: &random) >> shift) << shift
        }
      }
      return CacheTransform.Group(
        heads: heads, mean: random.floats(length), scale: random.floats(length).map { abs($0) + 1 },
        deviations: deviations, basis: basis)
    }
    let metric = (0..<shape.heads).map { _ -> HeadMetric in
      var value = [Float](repeating: 0, count: 300 * 300)
      for row in 0..<300 {
        for column in 0...row {
          let number = Float.random(in: -1...1, using: &random)
          value[row * 300 + column] = number
          value[column * 300 + row] = number
        }
      }
      return HeadMetric(key: random.floats(4).map { abs($0) + 1 }, value: value)
    }
    return CacheTransform(
      shape: shape,
      rope: LayerRoPE(
        layers: (0..<2).map { _ in .init(window: 5, magnitude: 1, frequencies: [1, 0.5]) },
        longest: nil, scale: 1),
      groups: groups, metric: metric, steps: steps)
  }

  private static let identity = Identity(
    weights: Digest(of: [1]), architecture: Digest(of: [2]), rope: Digest(of: [3]),
    tokenizer: Digest(of: [4]))

  @Test("bit for bit, and names itself by one digest")
  func roundTrip() throws {
    let file = TransformFile(
      identity: Self.identity, transform: Self.transform(), provenance: #"{"a":1}"#)
    let folder = try ScratchFolder()
    _ = try file.write(to: folder.path("a.qtrans"))
    let read = try TransformFile(path: folder.path("a.qtrans"))
    #expect(read.transform == file.transform)
    #expect(read.identity == file.identity)
    #expect(read.digest == file.digest)
    #expect(read.provenance == file.provenance)
  }

  @Test("changed or missing bytes are noticed")
  func damage() throws {
    let folder = try ScratchFolder()
    let path = folder.path("a.qtrans")
    _ = try TransformFile(identity: Self.identity, transform: Self.transform(), provenance: "{}")
      .write(to: path)
    let original = try bytes(of: path)
    var random = SeededGenerator(seed: 8)
    for _ in 0..<60 {
      var changed = original
      changed[Int.random(in: original.indices, using: &random)] ^= 0x10
      let damaged = try folder.write("b.qtrans", changed)
      #expect(throws: MalformedFile.self) {
        _ = try TransformFile(path: damaged)
        try ContainerReader(path: damaged).verifySections()
      }
      let cut = Int.random(in: 0..<original.count, using: &random)
      let short = try folder.write("c.qtrans", original.prefix(cut))
      #expect(throws: MalformedFile.self) { try TransformFile(path: short) }
    }
  }
}
