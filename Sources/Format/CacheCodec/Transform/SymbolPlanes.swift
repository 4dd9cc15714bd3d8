import ByteIO
import CCodecKernels

/// Codes a matrix of 16-bit integers in few bits. A row is a component, whose deviation is known; a
/// column is a token, which has a gain (spec, section 11.4). A deviation, step or offset q stands
/// for 2^(q / 4).
///
/// A row is a plane of symbols, and below it planes of digits to the base 4 where the deviation is
/// great. What no symbol stands for is an escape.
struct SymbolPlanes {
  /// The most tokens.
  static let longest = 256
  static let gains = -8...7
  /// How much finer than its block's step a token may be coded.
  static let offsets = 0...15
  /// The greatest sum of gain and offset that every row has a table for.
  private static let greatestGain = 14
  /// The deviations that rows may have. Integers of smaller ones are nearly all 0, those of greater
  /// ones do not fit 16 bits.
  static let deviations = CoderTables.least...60

  private static let lanes = Int(CK_RANS_LANES)
  private static let least: UInt32 = 1 << 16

  let tokens: Int
  /// [components]: the number of digits.
  let digits: [Int]
  private let planes: [ck_rans_plane]
  private let tables: CoderTables

  /// Rows of these deviations, which are within `deviations`.
  init(deviations: [Int], tokens: Int, tables: CoderTables) {
    self.tables = tables
    precondition((1...Self.longest).contains(tokens))
    precondition(deviations.allSatisfy(Self.deviations.contains))
    self.tokens = tokens
    let last = CoderTables.deviations - 1
    var planes: [ck_rans_plane] = []
    digits = deviations.map { deviation in
      let table = deviation - CoderTables.least
      // The greatest gain still has a table.
      let digits = max(0, table + Self.greatestGain - last + 7) / 8
      planes.append(ck_rans_plane(table: UInt8(clamping: table - 8 * digits), last: UInt8(last)))
      for _ in 0..<digits {
        planes.append(ck_rans_plane(table: UInt8(CoderTables.digits), last: 0))
      }
      return digits
    }
    self.planes = planes
  }

  /// How many bits a token of this offset takes if its integers have their deviations.
  func usualBits(offset: Int8) -> Double {
    planes.reduce(0) { $0 + tables.entropies[Self.table($1, gain: offset)] }
  }

  /// Tokens of a plane in memory.
  private var stride: Int { (tokens + Self.lanes - 1) / Self.lanes * Self.lanes }

  private static func table(_ plane: ck_rans_plane, gain: Int8) -> Int {
    guard plane.last > 0 else { return Int(plane.table) }
    return max(0, min(Int(plane.last), Int(plane.table) + Int(gain)))
  }
}

extension SymbolPlanes {
  /// Codes integers.
  ///
  /// - Parameters:
  ///   - integers: [tokens][`depth`], of which the first ones are the components'.
  ///   - gains: [tokens], within `gains`.
  ///   - offsets: [tokens], within `offsets`.
  func encode(_ integers: [Int16], depth: Int, gains: [Int8], offsets: [Int8]) -> [UInt8] {
    let sums = zip(gains, offsets).map(+)
    let (symbols, escapes) = split(integers, depth: depth, gains: sums)
    var states = [UInt32](repeating: Self.least, count: Self.lanes)
    var words: [UInt16] = []
    for (index, plane) in planes.enumerated().reversed() {
      for token in (0..<tokens).reversed() {
        let entry =
          Self.table(plane, gain: sums[token]) * 256 + Int(symbols[index * tokens + token]) + 128
        let frequency = UInt32(tables.frequencies[entry])
        var state = states[token % Self.lanes]
        if state >> 20 >= frequency {
          words.append(UInt16(truncatingIfNeeded: state))
          state >>= 16
        }
        let (quotient, remainder) = state.quotientAndRemainder(dividingBy: frequency)
        states[token % Self.lanes] = quotient << 12 + remainder + UInt32(tables.starts[entry])
      }
    }
    var writer = ByteWriter()
    writer.write(UInt32(words.count))
    writer.write(UInt32(escapes.count))
    for state in states { writer.write(state) }
    for (gain, offset) in zip(gains, offsets) { writer.write(UInt8(gain + 8) | UInt8(offset) << 4) }
    for word in words.reversed() { writer.write(word) }
    for escape in escapes { writer.write(escape) }
    return writer.bytes
  }

  /// [planes][tokens]: symbols and digits; and the numbers of the escapes, in that order.
  private func split(
    _ integers: [Int16], depth: Int, gains: [Int8]
  ) -> (symbols: [Int8], escapes: [Int16]) {
    var (symbols, escapes): ([Int8], [Int16]) = ([], [])
    symbols.reserveCapacity(planes.count * tokens)
    for (component, digits) in digits.enumerated() {
      let plane = planes[symbols.count / tokens]
      let shift = 2 * digits
      let half = shift == 0 ? 0 : 1 << (shift - 1)
      for token in 0..<tokens {
        let high = (Int(integers[token * depth + component]) + half) >> shift
        let table = Self.table(plane, gain: gains[token])
        if (-127...127).contains(high), tables.frequencies[table * 256 + high + 128] > 0 {
          symbols.append(Int8(high))
        } else {
          symbols.append(CoderTables.escape)
          escapes.append(Int16(high))
        }
      }
      for digit in (0..<digits).reversed() {
        for token in 0..<tokens {
          let low = (Int(integers[token * depth + component]) + half) >> (2 * digit) & 3
          symbols.append(Int8(low))
        }
      }
    }
    return (symbols, escapes)
  }
}

extension SymbolPlanes {
  /// Decodes integers into the first columns of [tokens][`depth`].
  ///
  /// - Returns: [tokens]: the offsets.
  /// - Throws: `MalformedFile`.
  func decode(
    _ reader: inout ByteReader, depth: Int, into integers: inout [Int16]
  ) throws(MalformedFile) -> [Int8] {
    precondition(integers.count == tokens * depth && digits.count <= depth)
    let wordCount = try reader.readSize("words", 0...UInt32(planes.count * tokens))
    let escapeCount = try reader.readSize("escapes", 0...UInt32(digits.count * tokens))
    var states = try reader.readArray(UInt32.self, count: Self.lanes)
    guard states.allSatisfy({ $0 >= Self.least }) else {
      throw reader.error("a coder's state below 2^16")
    }
    let bytes = try reader.readBytes(tokens)
    let offsets = bytes.map { Int8($0 >> 4) }
    let gains = (0..<stride).map { $0 < tokens ? Int8(bytes[$0] & 15) - 8 + offsets[$0] : 0 }
    let words = try reader.readArray(UInt16.self, count: wordCount)
    let escapes = try reader.readArray(Int16.self, count: escapeCount)
    try reader.expectEnd()
    var symbols = [Int8](repeating: 0, count: planes.count * stride)
    guard decode(gains, words, &states, &symbols) else {
      throw reader.error("symbols that do not end with their words")
    }
    guard join(symbols, escapes, depth: depth, into: &integers) else {
      throw reader.error("escapes that are not the symbols', or beyond 16 bits")
    }
    return offsets
  }

  private func decode(
    _ gains: [Int8], _ words: [UInt16], _ states: inout [UInt32], _ symbols: inout [Int8]
  ) -> Bool {
    guard !planes.isEmpty else { return words.isEmpty && states.allSatisfy { $0 == Self.least } }
    return unsafe planes.withUnsafeBufferPointer { planes in
      unsafe gains.withUnsafeBufferPointer { gains in
        unsafe words.withUnsafeBufferPointer { words in
          unsafe tables.entries.withUnsafeBufferPointer { tables in
            unsafe states.withUnsafeMutableBufferPointer { states in
              unsafe symbols.withUnsafeMutableBufferPointer { symbols in
                unsafe withUnsafePointer(
                  to: ck_rans(
                    planes: planes.baseAddress, plane_count: planes.count, tokens: tokens,
                    gains: gains.baseAddress, tables: tables.baseAddress,
                    words: words.baseAddress, word_count: words.count,
                    states: states.baseAddress, symbols: symbols.baseAddress, stride: stride)
                ) { unsafe CodecKernels.current.table.pointee.decode_planes($0) == 1 }
              }
            }
          }
        }
      }
    }
  }

  /// Puts symbols and digits together; false if escapes are left or missing, or a number has more
  /// than 16 bits.
  private func join(
    _ symbols: [Int8], _ escapes: [Int16], depth: Int, into integers: inout [Int16]
  ) -> Bool {
    var (plane, escape) = (0, 0)
    for (component, digits) in digits.enumerated() {
      let half = digits == 0 ? 0 : 1 << (2 * digits - 1)
      for token in 0..<tokens {
        let symbol = symbols[plane * stride + token]
        var integer = Int(symbol)
        if symbol == CoderTables.escape {
          guard escape < escapes.count else { return false }
          integer = Int(escapes[escape])
          escape += 1
        }
        for digit in 0..<digits {
          integer = integer << 2 + Int(symbols[(plane + 1 + digit) * stride + token])
        }
        guard let value = Int16(exactly: integer - half) else { return false }
        integers[token * depth + component] = value
      }
      plane += 1 + digits
    }
    return escape == escapes.count
  }
}
