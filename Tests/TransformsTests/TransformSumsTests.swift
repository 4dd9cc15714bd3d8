import ByteIO
import CacheFormat
import QFilters
import TestSupport
import Testing

@testable import Transforms

@Suite("A transform follows from sums over text")
struct TransformSumsTests {
  private static let shape = CacheShape(layers: 3, kvHeads: 2, keyLength: 4, valueLength: 6)
  private static let rope = LayerRoPE(
    layers: (0..<3).map { _ in .init(window: nil, magnitude: 1, frequencies: [1, 0.1]) },
    longest: nil, scale: 0.5)

  /// What one text adds.
  private struct Text {
    var rows: [[Float]]
    var positions: Int
    var squares, sensitivity: [Double]
  }

  private static func text(_ seed: UInt64) -> Text {
    var random = SeededGenerator(seed: seed)
    let sums = TransformSums(shape: shape, rope: rope, values: values)
    let positions = 100 + Int(seed)
    return Text(
      rows: sums.groups.map { heads in
        let length = heads.count * shape.pairLength
        return (0..<positions).flatMap { _ -> [Float] in
          // Neighbours are alike, so that few components hold most.
          let shared = random.floats(3)
          return random.floats(length).enumerated().map { $1 * 0.1 + shared[$0 % 3] + 2 }
        }
      },
      positions: positions,
      squares: (0..<shape.heads * shape.keyLength).map { _ in
        Double.random(in: 0.1...3, using: &random)
      },
      sensitivity: (0..<shape.heads * 2).map { _ in Double.random(in: 1e-6...1e-3, using: &random) }
    )
  }

  private static func sums(_ texts: [Text]) throws -> TransformSums {
    var sums = TransformSums(shape: shape, rope: rope, values: values)
    for text in texts {
      for (group, rows) in text.rows.enumerated() { try sums.add(rows, group: group) }
      sums.add(positions: text.positions, squares: text.squares)
      sums.add(sensitivity: text.sensitivity)
    }
    return sums
  }

  private static var values: [[Float]] {
    var random = SeededGenerator(seed: 77)
    return (0..<shape.heads).map { _ in
      (try? TransformSums.outputMetric([random.floats(6 * 20)], length: 6)) ?? []
    }
  }

  @Test("which does not depend on the order of the texts")
  func order() throws {
    let texts = (UInt64(1)...6).map(Self.text)
    let first = try Self.sums(texts).transform()
    let second = try Self.sums(texts.reversed()).transform()
    #expect(first == second)
  }

  private static func file(_ sums: TransformSums) -> TransformSumsFile {
    var sequences = SequenceSet(corpus: Digest(of: [7]), count: 6, length: 100)
    sequences.insert(2)
    let digest = Digest(of: [1])
    return TransformSumsFile(
      identity: Identity(weights: digest, architecture: digest, rope: digest, tokenizer: digest),
      sums: sums, sequences: sequences, provenance: "{}")
  }

  @Test("nor on which of them are summed together, and files keep every bit", arguments: 1...5)
  func shards(count: Int) throws {
    let folder = try ScratchFolder()
    let texts = (UInt64(1)...6).map(Self.text)
    let parts = try [texts[count...], texts[..<count]].enumerated().map { index, part in
      let path = folder.path("\(index).qtsum")
      _ = try Self.file(Self.sums(Array(part))).write(to: path)
      return try TransformSumsFile(path: path)
    }
    var sums = parts[0].sums
    sums.add(parts[1].sums)
    #expect(try sums.transform() == Self.sums(texts).transform())
    #expect(parts[0].sequences == Self.file(sums).sequences)
    let paths = [sums, try Self.sums(texts)].enumerated().map { (folder.path("sum\($0)"), $1) }
    for (path, sums) in paths { _ = try Self.file(sums).write(to: path) }
    #expect(try bytes(of: paths[0].0) == bytes(of: paths[1].0))
  }

  @Test("changed or missing bytes of a file are noticed")
  func damage() throws {
    let folder = try ScratchFolder()
    _ = try Self.file(Self.sums([Self.text(1)])).write(to: folder.path("a.qtsum"))
    let original = try bytes(of: folder.path("a.qtsum"))
    var random = SeededGenerator(seed: 8)
    for _ in 0..<60 {
      var changed = original
      changed[Int.random(in: original.indices, using: &random)] ^= 0x10
      let damaged = try folder.write("b.qtsum", changed)
      #expect(throws: MalformedFile.self) {
        _ = try TransformSumsFile(path: damaged)
        try ContainerReader(path: damaged).verifySections()
      }
      let short = try folder.write(
        "c.qtsum", original.prefix(Int.random(in: 0..<original.count, using: &random)))
      #expect(throws: MalformedFile.self) { try TransformSumsFile(path: short) }
    }
  }

  @Test("its groups have all heads, and its basis is orthogonal in the metric")
  func orthogonal() throws {
    let texts = (UInt64(1)...4).map(Self.text)
    let transform = try Self.sums(texts).transform()
    #expect(transform.groups.flatMap(\.heads) == Array(0..<Self.shape.heads))
    for group in transform.groups {
      let length = group.length
      func vector(_ component: Int) -> [Double] {
        (0..<length).map {
          Double(group.basis[component * length + $0]) / Double(CacheTransform.unit)
            * Double(group.scale[$0])
        }
      }
      func weighted(_ vector: [Double]) -> [Double] {
        group.heads.enumerated().flatMap { index, head -> [Double] in
          let metric = transform.metric[head]
          let part = Array(vector[index * 10..<(index + 1) * 10])
          let key = zip(metric.key, part).map { Double($0) * Double($0) * $1 }
          let value = (0..<6).map { row in
            (0..<6).reduce(0.0) { $0 + Double(metric.value[row * 6 + $1]) * part[4 + $1] }
          }
          return key + value
        }
      }
      for first in 0..<min(12, group.components) {
        let product = weighted(vector(first))
        for second in 0..<min(12, group.components) {
          let sum = zip(product, vector(second)).reduce(0) { $0 + $1.0 * $1.1 }
          #expect(abs(sum - (first == second ? 1 : 0)) < 0.01, "\(first), \(second)")
        }
      }
      #expect(zip(group.deviations, group.deviations.dropFirst()).allSatisfy(>=))
    }
    let steps = transform.steps
    #expect(steps.high < steps.medium && steps.medium < steps.low, "\(steps)")
  }

  @Test("sums that are not finite are rejected")
  func notFinite() {
    var sums = TransformSums(shape: Self.shape, rope: Self.rope, values: Self.values)
    let length = sums.groups[0].count * Self.shape.pairLength
    #expect(throws: CalibrationError.self) {
      try sums.add([Float](repeating: .infinity, count: length), group: 0)
    }
  }
}
