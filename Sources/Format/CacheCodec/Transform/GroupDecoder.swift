import ByteIO
import CacheFormat
import Platform

/// Decodes blocks of one group of heads (spec, section 11.3).
struct GroupDecoder: Sendable {
  let group: CacheTransform.Group
  private let basis: IntegerPanels
  private let tables: CoderTables

  init(_ group: CacheTransform.Group, _ tables: CoderTables) {
    (self.group, self.tables) = (group, tables)
    basis = IntegerPanels(depth: group.components, columns: group.length, group.basis)
  }

  static func step(_ quarters: Int) -> Float { Float(exp2(Double(quarters) / 4)) }

  /// The rows of a block (`CacheTransform.Group.planes`).
  func planes(step: Int, finest: Int, tokens: Int) -> SymbolPlanes? {
    group.planes(step: step, finest: finest, tokens: tokens, tables: tables)
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

  /// The vectors, [tokens][length], that the first `count` of [tokens][depth] factors give.
  func restore(_ factors: [Int16], count: Int, offsets: [Int8], step: Int) -> [Float] {
    let (tokens, depth, length) = (offsets.count, basis.depth, group.length)
    // Last factors of most tokens are 0. Tokens with equally many others are multiplied together.
    let ends = (0..<tokens).map { token in
      1 + ((0..<count).last { factors[token * depth + $0] != 0 } ?? -1)
    }
    let order = (0..<tokens).sorted { ends[$0] < ends[$1] }
    var rows = [Float](repeating: 0, count: tokens * length)
    for first in stride(from: 0, to: tokens, by: Self.tokensAtOnce) {
      let part = order[first..<min(first + Self.tokensAtOnce, tokens)]
      let chosen = part.flatMap { factors[$0 * depth..<($0 + 1) * depth] }
      let sums = basis.product(
        chosen, rows: part.count, depth: ends[part[part.endIndex - 1]], columns: length)
      for (row, token) in part.enumerated() {
        let step = Self.step(step - Int(offsets[token])) / CacheTransform.unit
        write(sums[row * basis.stride..<row * basis.stride + length], step, to: &rows, token)
      }
    }
    return rows
  }

  /// Tokens whose products are computed together: a multiple of the rows of every kernel's tile.
  private static let tokensAtOnce = 24

  private func write(
    _ sums: ArraySlice<Int32>, _ step: Float, to rows: inout [Float], _ token: Int
  ) {
    let length = group.length
    unsafe sums.withUnsafeBufferPointer { sums in
      unsafe group.mean.withUnsafeBufferPointer { mean in
        unsafe group.scale.withUnsafeBufferPointer { scale in
          unsafe rows.withUnsafeMutableBufferPointer { rows in
            let row = unsafe UnsafeMutableBufferPointer(
              rebasing: rows[token * length..<(token + 1) * length])
            for index in 0..<length {
              unsafe row[index] = mean[index] + Float(sums[index]) * (scale[index] * step)
            }
          }
        }
      }
    }
  }

  /// The depth of a matrix of factors.
  var depth: Int { basis.depth }
}

extension CacheTransform.Group {
  /// How far a component's deviation may be below the finest token's step and still be coded.
  private static let cut = -8

  /// How many first components are coded in a block whose finest token has this step.
  private func coded(step: Int) -> Int {
    deviations.firstIndex { $0 - step < Self.cut } ?? components
  }

  /// The rows of a block; nil if factors could have too many digits.
  ///
  /// - Parameters:
  ///   - step: The block's.
  ///   - finest: The greatest offset of its tokens.
  func planes(step: Int, finest: Int, tokens: Int, tables: CoderTables) -> SymbolPlanes? {
    let deviations = deviations.prefix(coded(step: step - finest)).map {
      max($0 - step, SymbolPlanes.deviations.lowerBound)
    }
    guard deviations.first ?? 0 <= SymbolPlanes.deviations.upperBound else { return nil }
    return SymbolPlanes(deviations: deviations, tokens: tokens, tables: tables)
  }
}
