public import ByteIO

/// The sections `TRAN` and `mtrc` (spec, sections 11.1 and 11.5).
extension CacheTransform {
  /// What the section `TRAN` says; the basis is in a section of its own.
  public struct Description: Sendable {
    /// The shape of the model's caches.
    public let shape: CacheShape
    /// The steps of the qualities.
    public let steps: QualitySteps
    /// The groups, whose bases are zero.
    public var groups: [Group] = []

    /// Reads the section.
    ///
    /// - Throws: `MalformedFile`.
    public init(_ section: Section) throws(MalformedFile) {
      var reader = section.reader
      shape = try CacheShape(&reader)
      steps = QualitySteps(
        high: try CacheTransform.step(&reader), medium: try CacheTransform.step(&reader),
        low: try CacheTransform.step(&reader))
      let count = try reader.readSize("groups", 1...UInt32(shape.heads))
      var first = 0
      for _ in 0..<count {
        let group = try Group(&reader, shape: shape, first: first)
        groups.append(group)
        first = group.heads.upperBound
      }
      guard first == shape.heads else {
        throw reader.error("groups of \(first) heads, and the model has \(shape.heads)")
      }
      try reader.expectEnd()
    }
  }

  /// The steps that a block may have, in quarters of a power of 2.
  fileprivate static let stepRange = -200...200

  /// Reads a step.
  static func step(_ reader: inout ByteReader) throws(MalformedFile) -> Int {
    let step = Int(try reader.read(Int32.self))
    guard stepRange.contains(step) else { throw reader.error("a step out of range: \(step)") }
    return step
  }

  /// The section `TRAN`.
  public var encoded: [UInt8] {
    var writer = ByteWriter()
    shape.write(to: &writer)
    for quality in TransformQuality.allCases { writer.write(Int32(clamping: steps[quality])) }
    writer.write(UInt32(clamping: groups.count))
    for group in groups {
      writer.write(UInt32(clamping: group.heads.count))
      writer.write(UInt32(clamping: group.components))
      for value in group.mean + group.scale { writer.write(value) }
      for deviation in group.deviations { writer.write(Int32(clamping: deviation)) }
    }
    return writer.bytes
  }

  /// The section `mtrc`.
  public var encodedMetric: [UInt8] {
    var writer = ByteWriter()
    for head in metric {
      for weight in head.key { writer.write(weight) }
      for row in 0..<shape.valueLength {
        for column in 0...row { writer.write(head.value[row * shape.valueLength + column]) }
      }
    }
    return writer.bytes
  }

  /// Reads the section `mtrc`.
  ///
  /// - Throws: `MalformedFile`.
  public static func metric(
    _ section: Section, shape: CacheShape
  ) throws(MalformedFile) -> [HeadMetric] {
    var reader = section.reader
    var metric: [HeadMetric] = []
    let length = shape.valueLength
    for _ in 0..<shape.heads {
      let key = try reader.readFloats(shape.keyLength, "weights") { $0 > 0 }
      let triangle = try reader.readFloats(length * (length + 1) / 2, "metrics") { _ in true }
      var value = [Float](repeating: 0, count: length * length)
      for row in 0..<length {
        for column in 0...row {
          value[row * length + column] = triangle[row * (row + 1) / 2 + column]
          value[column * length + row] = triangle[row * (row + 1) / 2 + column]
        }
      }
      metric.append(HeadMetric(key: key, value: value))
    }
    try reader.expectEnd()
    return metric
  }
}

extension CacheTransform.Group {
  /// The greatest length of a group's vector.
  private static let longest = 1 << 16

  fileprivate init(
    _ reader: inout ByteReader, shape: CacheShape, first: Int
  ) throws(MalformedFile) {
    let heads = try reader.readSize("heads", 1...UInt32(shape.heads))
    let length = heads * shape.pairLength
    guard first + heads <= shape.heads, length <= Self.longest else {
      throw reader.error("a group of \(heads) heads from head \(first) on")
    }
    let components = try reader.readSize("components", 1...UInt32(length))
    let mean = try reader.readFloats(length, "means") { _ in true }
    let scale = try reader.readFloats(length, "scales") { $0 > 0 }
    let deviations = try reader.readArray(Int32.self, count: components).map(Int.init)
    guard deviations.allSatisfy(CacheTransform.stepRange.contains),
      zip(deviations, deviations.dropFirst()).allSatisfy(>=)
    else { throw reader.error("deviations that grow or are out of range") }
    self.init(
      heads: first..<first + heads, mean: mean, scale: scale, deviations: deviations,
      basis: [Int16](repeating: 0, count: components * length))
  }
}

extension ByteReader {
  /// Floats of at most 2^64 in magnitude that satisfy a condition.
  fileprivate mutating func readFloats(
    _ count: Int, _ name: String, _ isAllowed: (Float) -> Bool
  ) throws(MalformedFile) -> [Float] {
    let values = try readArray(UInt32.self, count: count).map(Float.init(bitPattern:))
    guard values.allSatisfy({ abs($0) <= 0x1p64 && isAllowed($0) }) else {
      throw error("\(name) out of range")
    }
    return values
  }
}
