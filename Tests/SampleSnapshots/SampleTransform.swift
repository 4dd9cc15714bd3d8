package import CacheCodec
package import CacheFormat
package import TestSupport

/// Transforms that change nothing but RoPE: each number of a vector is a factor.
package enum SampleTransform {
  /// The transform of a snapshot's caches, with a random number of heads in each group.
  package static func file(
    for metadata: SnapshotMetadata, random: inout SeededGenerator, planes: Int? = nil
  ) -> TransformFile {
    let context = metadata.context
    let shape = CacheShape(
      layers: context.layers, kvHeads: context.kvHeads, keyLength: context.keyLength,
      valueLength: context.valueLength)
    var groups: [CacheTransform.Group] = []
    while let first = Optional(groups.last?.heads.upperBound ?? 0), first < shape.heads {
      let heads = first..<Int.random(in: first + 1...shape.heads, using: &random)
      groups.append(group(heads, length: heads.count * shape.pairLength, &random))
    }
    let planes = planes ?? Int.random(in: 0...context.keyLength / 2, using: &random)
    let layers = (0..<context.layers).map { _ in
      LayerRoPE.Layer(
        window: nil, magnitude: Float.random(in: 0.5...2, using: &random),
        frequencies: (0..<planes).map { _ in Float.random(in: 0...2, using: &random) })
    }
    let transform = CacheTransform(
      shape: shape, rope: LayerRoPE(layers: layers, longest: nil, scale: 1), groups: groups,
      metric: (0..<shape.heads).map { _ in metric(shape) },
      steps: QualitySteps(high: -40, medium: -30, low: -20))
    let identity =
      metadata.identity.values
      ?? Identity(weights: .zero, architecture: .zero, rope: .zero, tokenizer: .zero)
    return TransformFile(identity: identity, transform: transform, provenance: "{}")
  }

  private static func group(
    _ heads: Range<Int>, length: Int, _ random: inout SeededGenerator
  ) -> CacheTransform.Group {
    var basis = [Int16](repeating: 0, count: length * length)
    for index in 0..<length { basis[index * (length + 1)] = Int16(CacheTransform.unit) }
    return CacheTransform.Group(
      heads: heads, mean: random.floats(length), scale: [Float](repeating: 1, count: length),
      deviations: [Int](repeating: 4, count: length), basis: basis)
  }

  private static func metric(_ shape: CacheShape) -> HeadMetric {
    var value = [Float](repeating: 0, count: shape.valueLength * shape.valueLength)
    for index in 0..<shape.valueLength { value[index * (shape.valueLength + 1)] = 1 }
    return HeadMetric(key: [Float](repeating: 1, count: shape.keyLength), value: value)
  }
}

extension SampleSnapshot {
  /// Writes the snapshot coded by a transform.
  ///
  /// - Parameters:
  ///   - name: The name of the transform's file.
  ///   - step: That of all positions, in quarters of a power of 2.
  package func write(
    to path: String, by transform: TransformFile, named name: String, step: Int
  ) throws {
    let tokens = metadata.tiers.tokens
    let offsets = [Int8](repeating: 0, count: tokens)
    let coding = TransformCoding(
      transform, name: name, step: step, positions: 0..<tokens,
      offsets: transform.transform.groups.map { _ in offsets })
    var writer = try SnapshotWriter(path: path, metadata: metadata, layout: coding.layout)
    try writer.append(
      blocks.map { PairBlock(positions: $0.positions, keys: [], values: []) })
    for _ in coding.layout.groups {
      try writer.appendGroup(coding) { layer, head in
        let index = layer * metadata.context.kvHeads + head
        return (keys[index].flatMap(\.self), values[index].flatMap(\.self))
      }
    }
    _ = try writer.finish()
  }
}
