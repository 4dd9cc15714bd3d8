import ByteIO
import CacheFormat
import Platform

/// Codes blocks of one group of heads (spec, section 11.3).
struct GroupEncoder: Sendable {
  let decoder: GroupDecoder
  /// [length][components]: what turns a vector into factors.
  private let analysis: IntegerPanels

  private static let analysisUnit: Float = 0x1p13
  /// How finely vectors are rounded before the product, in parts of a step.
  private static let fineness: Float = 16
  /// Beyond this norm of a rounded vector, products could overflow.
  private static let greatestNorm: Float = 150_000

  /// How many first components have all digits in the basis.
  private let precise: Int

  /// - Parameters:
  ///   - metric: How errors of the group's heads count.
  ///   - finest: The step of the quality `high`.
  init(
    _ group: CacheTransform.Group, metric: ArraySlice<HeadMetric>, finest: Int,
    tables: CoderTables
  ) {
    decoder = GroupDecoder(group, tables)
    precise =
      group.deviations.prefix {
        CacheTransform.shift(deviation: $0, finest: finest) == 0
      }.count
    let (length, components) = (group.length, group.components)
    // factors = basisᵀ · metric · vector: the basis is orthogonal in the metric.
    let weighted = (0..<components).flatMap { component in
      let vector = (0..<length).map {
        Float(group.basis[component * length + $0]) / CacheTransform.unit * group.scale[$0]
      }
      let pair = length / metric.count
      return metric.enumerated().flatMap { index, head in
        head.product(vector[index * pair..<(index + 1) * pair])
      }
    }
    analysis = IntegerPanels(depth: length, columns: components) { index, component in
      let value = weighted[component * length + index] * group.scale[index] * Self.analysisUnit
      return Int16(max(-32767, min(32767, value.rounded())))
    }
  }

  /// Coded vectors.
  struct Coded {
    let bytes: [UInt8]
    let fit: TransformFit
  }

  /// Codes vectors; nil if they are too great for the step.
  ///
  /// - Parameters:
  ///   - rows: [tokens][length].
  ///   - step: That of tokens whose offset is 0.
  ///   - offsets: [tokens], 0 … 15: how much finer each token is to be coded, in quarters of a
  ///     power of 2.
  func encode(_ rows: [Float], step: Int, offsets: [Int8]) -> Coded? {
    // Great vectors cannot be coded as finely as others.
    let finest = offsets.max() ?? 0
    for limit: Int8 in [15, 10, 5, 0] where limit == 0 || limit - 5 < finest {
      let limited = offsets.map { min($0, limit) }
      if let coded = coded(rows, step: step, offsets: limited) { return coded }
    }
    return nil
  }

  private func coded(_ rows: [Float], step: Int, offsets: [Int8]) -> Coded? {
    let finest = Int(offsets.max() ?? 0)
    guard let planes = decoder.planes(step: step, finest: finest, tokens: offsets.count) else {
      return nil
    }
    let (count, depth) = (planes.digits.count, decoder.depth)
    var factors = [Int16](repeating: 0, count: offsets.count * depth)
    var exact = [Float](repeating: 0, count: offsets.count * count)
    // The first components have more digits in the basis. They are found first and subtracted, so
    // that their errors do not disturb the others.
    let first = min(count, precise)
    for components in [0..<first, first..<count] where !components.isEmpty {
      let known = decoder.restore(factors, count: first, offsets: offsets, step: step)
      let rest = zip(rows, known).map(-)
      guard
        quantise(
          rest, components, offsets: offsets, step: step, exact: &exact, factors: &factors)
      else { return nil }
    }
    let gains = gains(exact, offsets: offsets, count: count, step: step)
    var writer = ByteWriter()
    writer.write(UInt32(finest))
    writer.write(planes.encode(factors, depth: depth, gains: gains, offsets: offsets))
    let byOffset = (0...finest).map { planes.usualBits(offset: Int8($0)) / 8 }
    return Coded(
      bytes: writer.bytes,
      fit: TransformFit(
        bytes: Double(writer.bytes.count),
        usualBytes: offsets.reduce(Self.blockBytes) { $0 + byOffset[Int($1)] }))
  }

  /// What a block takes besides its factors and a byte for each token.
  private static let blockBytes = 140.0

  /// Finds some factors of vectors without their mean; false if they are too great.
  ///
  /// - Parameters:
  ///   - exact: [tokens][components]: before rounding.
  ///   - factors: [tokens][depth].
  private func quantise(
    _ rows: [Float], _ components: Range<Int>, offsets: [Int8], step: Int, exact: inout [Float],
    factors: inout [Int16]
  ) -> Bool {
    let (length, count) = (decoder.group.length, exact.count / offsets.count)
    var rounded = [Int16](repeating: 0, count: offsets.count * analysis.depth)
    for (token, offset) in offsets.enumerated() {
      let factor = Self.fineness / GroupDecoder.step(step - Int(offset))
      var norm: Float = 0
      for index in 0..<length {
        let value = (rows[token * length + index] * factor / decoder.group.scale[index]).rounded()
        guard abs(value) < 32767 else { return false }
        rounded[token * analysis.depth + index] = Int16(value)
        norm += value * value
      }
      guard norm.squareRoot() < Self.greatestNorm else { return false }
    }
    let sums = analysis.product(
      rounded, rows: offsets.count, depth: length, columns: components.upperBound)
    let unit = 1 / (Self.analysisUnit * Self.fineness)
    for token in offsets.indices {
      for component in components {
        let value = Float(sums[token * analysis.stride + component]) * unit
        exact[token * count + component] = value
        let rounded = value.rounded()
        guard abs(rounded) < 32767 else { return false }
        factors[token * decoder.depth + component] = Int16(rounded)
      }
    }
    return true
  }

  /// How much greater than usual each token's factors are, in quarters of a power of 2.
  private func gains(_ factors: [Float], offsets: [Int8], count: Int, step: Int) -> [Int8] {
    let deviations = decoder.group.deviations.prefix(count)
    let variances = (0...(offsets.max() ?? 0)).map { offset in
      deviations.map { GroupDecoder.step(2 * ($0 - step + Int(offset))) + 1 / 12 }
    }
    return offsets.enumerated().map { token, offset in
      guard count > 0 else { return 0 }
      var sum: Float = 0
      for (component, variance) in variances[Int(offset)].enumerated() {
        let factor = factors[token * count + component]
        sum += factor * factor / variance
      }
      let gain = 2 * log2(max(sum / Float(count), 0x1p-20))
      let limits = SymbolPlanes.gains
      return Int8(max(limits.lowerBound, min(limits.upperBound, Int(gain.rounded()))))
    }
  }
}
