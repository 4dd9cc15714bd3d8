import ByteIO
import CacheFormat
import Platform

/// The tables of the rANS coder: one for integers of each deviation, which a transform brings, and
/// one for digits that are all equally likely (spec, section 11.4).
struct CoderTables: Sendable, Equatable {
  /// The least deviation, in quarters of a power of 2.
  static let least = -16
  /// Tables for integers: the deviation grows by 2^(1/4) from one to the next.
  static let deviations = 35
  /// The table of the digits 0 … 3.
  static let digits = deviations
  /// The symbol which says that the number is in the list of escapes.
  static let escape: Int8 = -128

  static let slots = 4096
  private static let symbols = 256
  /// Tables for Gaussian integers.
  static let gaussian = CoderTables(
    (0..<deviations).flatMap { gaussian(exp2(Double($0 + least) / 4)) })

  /// [tables][256]: how many of the 4,096 entries each symbol has, from −128 on.
  let frequencies: [UInt16]
  /// [tables][256]: the first entry of each symbol.
  let starts: [UInt16]
  /// [tables][4096]: as `ck_rans` has them.
  let entries: [UInt32]
  /// [tables]: the mean bits of a symbol that follows its table.
  let entropies: [Double]

  /// - Parameter frequencies: [deviations][256], each table's adding up to 4,096.
  private init(_ frequencies: [UInt16]) {
    self.frequencies = frequencies + (0..<256).map { (128..<132).contains($0) ? 1024 : 0 }
    var entries: [UInt32] = []
    var starts: [UInt16] = []
    for (index, frequency) in self.frequencies.enumerated() {
      starts.append(UInt16(entries.count % Self.slots))
      let symbol = UInt32(UInt8(truncatingIfNeeded: index % Self.symbols - 128)) << 24
      for place in 0..<UInt32(frequency) {
        entries.append(symbol | place << 12 | UInt32(frequency))
      }
    }
    (self.starts, self.entries) = (starts, entries)
    let all = self.frequencies
    entropies = stride(from: 0, to: all.count, by: Self.symbols).map { first in
      all[first..<first + Self.symbols].reduce(0) { bits, frequency in
        let share = Double(frequency) / Double(Self.slots)
        return frequency == 0 ? bits : bits - share * log2(share)
      }
    }
  }

  /// Reads the section `CODE`.
  ///
  /// - Throws: `MalformedFile`.
  init(_ section: Section) throws(MalformedFile) {
    var reader = section.reader
    let frequencies = try reader.readArray(UInt16.self, count: Self.deviations * Self.symbols)
    try reader.expectEnd()
    for first in stride(from: 0, to: frequencies.count, by: Self.symbols) {
      let table = frequencies[first..<first + Self.symbols]
      guard table.allSatisfy({ $0 < Self.slots }), table.reduce(0, { $0 + Int($1) }) == Self.slots,
        table[first] > 0
      else { throw reader.error("a table that does not have 4096 entries, or no escape") }
    }
    self.init(frequencies)
  }

  /// The section `CODE`.
  var encoded: [UInt8] {
    var writer = ByteWriter()
    for frequency in frequencies.prefix(Self.deviations * Self.symbols) { writer.write(frequency) }
    return writer.bytes
  }

  /// The frequencies of the integers nearest to Gaussian numbers.
  private static func gaussian(_ deviation: Double) -> [UInt16] {
    func tail(_ x: Double) -> Double { 0.5 * erfc(x / deviation / 2.0.squareRoot()) }
    var counts = (0..<256).map { index -> Int in
      let symbol = Double(abs(index - 128))
      guard index > 0 else { return 1 }
      let share = symbol == 0 ? 1 - 2 * tail(0.5) : tail(symbol - 0.5) - tail(symbol + 0.5)
      // Real integers have longer tails than Gaussian ones.
      return max(symbol <= 6 * deviation + 3 ? 1 : 0, Int((share * Double(slots)).rounded()))
    }
    // The most frequent symbols take what is left, or give what is too much.
    var rest = slots - counts.reduce(0, +)
    for index in counts.indices.sorted(by: { (counts[$0], $1) > (counts[$1], $0) }) where rest != 0
    {
      let change = rest > 0 ? min(rest, slots - 1 - counts[index]) : max(rest, 1 - counts[index])
      counts[index] += change
      rest -= change
    }
    return counts.map { UInt16($0) }
  }
}
