import ByteIO
import CacheFormat
import Glibc

/// Decodes blocks of one group of heads (spec, section 11.3).
struct GroupDecoder: Sendable {
  let group: CacheTransform.Group
  private let basis: IntegerPanels
  private let tables: CoderTables

  init(_ group: CacheTransform.Group, _ tables: CoderTables) {
    (self.group, self.tables) = (group, tables)
    let length = group.length
    basis = IntegerPanels(depth: group.components, columns: length) { component, index in
      group.basis[component * length + index]
    }
  }

  static func step(_ quarters: Int) -> Float { Float(exp2(Double(quarters) / 4)) }

  /// The least deviation of a component that is coded, in quarters of a power of 2, beyond that of
  /// the finest token's step.
  private static let cut = -8

  /// How many first components are coded in a block whose finest token has this step.
  func components(step: Int) -> Int {
    group.deviations.firstIndex { $0 - step < Self.cut } ?? group.components
  }

  /// The rows of a block.
  ///
  /// - Parameters:
  ///   - step: The block's.
  ///   - finest: The greatest offset of its tokens.
  func planes(step: Int, finest: Int, tokens: Int) -> SymbolPlanes? {
    let deviations = group.deviations.prefix(components(step: step - finest)).map {
      max($0 - step, SymbolPlanes.deviations.lowerBound)
    }
    guard deviations.first ?? 0 <= SymbolPlanes.deviations.upperBound else { return nil }
    return SymbolPlanes(deviations: deviations, tokens: tokens, tables: tables)
  }

  /// [tokens][length]: keys before RoPE, and values.
  ///
  /// - Throws: `MalformedFile`.
  func decode(
    _ reader: inout ByteReader, tokens: Int, step: Int
  ) throws(MalformedFile) -> [Float] {
    var factors = [Int16](repeating: 0, count: tokens * basis.depth)
    let finest = Int(try reader.read(UInt32.self))
    guard SymbolPlanes.offsets.contains(finest),
      let planes = planes(step: step, finest: finest, tokens: tokens)
    else { throw reader.error("a block of a step out of range") }
    let offsets = try planes.decode(&reader, depth: basis.depth, into: &factors)
    guard offsets.allSatisfy({ $0 <= finest }) else {
      throw reader.error("a token finer than the finest")
    }
    return restore(factors, count: planes.digits.count, offsets: offsets, step: step)
  }

  /// The vectors of the first `count` factors, [tokens][depth].
  func restore(_ factors: [Int16], count: Int, offsets: [Int8], step: Int) -> [Float] {
    let tokens = offsets.count
    let sums = basis.product(factors, rows: tokens, depth: count, columns: group.length)
    let (length, stride) = (group.length, basis.stride)
    return unsafe [Float](unsafeUninitializedCapacity: tokens * length) { rows, count in
      for token in 0..<tokens {
        let step = Self.step(step - Int(offsets[token])) / CacheTransform.unit
        for index in 0..<length {
          let sum = Float(sums[token * stride + index])
          unsafe rows[token * length + index] =
            group.mean[index] + sum * (group.scale[index] * step)
        }
      }
      count = tokens * length
    }
  }

  /// The depth of a matrix of factors.
  var depth: Int { basis.depth }
}
