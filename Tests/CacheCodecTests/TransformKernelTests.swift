import CCodecKernels
import CISA
import TestSupport
import Testing

@testable import CacheCodec

@Suite("The kernels of every ISA multiply and decode integers to the same bits as plain arithmetic")
struct TransformKernelTests {
  private static let isas = (0..<UInt32(CK_ISA_COUNT)).filter {
    ck_isa_is_available(ck_isa(rawValue: $0))
  }

  @Test("products of random shapes, also where sums leave 32 bits", arguments: isas)
  func products(isa: UInt32) {
    let width = Int(CK_PANEL_COLUMNS)
    for seed in UInt64(1)...60 {
      var random = SeededGenerator(seed: seed)
      let rows = Int.random(in: 1...20, using: &random)
      let depth = 2 * Int.random(in: 0...90, using: &random)
      let stride = depth + Int.random(in: 0...3, using: &random)
      let a = (0..<rows * max(stride, 1)).map { _ in
        Int16.random(in: Int16.min...Int16.max, using: &random)
      }
      let panel = (0..<max(depth, 2) * width).map { _ in
        Int16.random(in: Int16.min...Int16.max, using: &random)
      }
      var c = [Int32](repeating: 7, count: rows * width)
      let kernels = unsafe ck_codec_kernels_of(ck_isa(rawValue: isa)).pointee
      unsafe a.withUnsafeBufferPointer { a in
        unsafe panel.withUnsafeBufferPointer { panel in
          unsafe c.withUnsafeMutableBufferPointer { c in
            unsafe withUnsafePointer(
              to: ck_int16_product(
                a: a.baseAddress, panel: panel.baseAddress, c: c.baseAddress, rows: rows,
                depth: depth, a_stride: stride, c_stride: width)
            ) { unsafe kernels.multiply_int16($0) }
          }
        }
      }
      for row in 0..<rows {
        for column in 0..<width {
          let sum = (0..<depth).reduce(Int32(0)) { sum, k in
            sum &+ Int32(a[row * stride + k])
              &* Int32(panel[(k / 2 * width + column) * 2 + k % 2])
          }
          #expect(c[row * width + column] == sum, "seed \(seed)")
        }
      }
    }
  }

  private struct Coded {
    var planes: [ck_rans_plane]
    var tokens, stride: Int
    var gains: [Int8]
    var words: [UInt16]
    var states: [UInt32]
    var symbols: [Int8]
  }

  /// Random symbols as the coder's formulas have them, one at a time.
  private static func coded(seed: UInt64) -> Coded {
    var random = SeededGenerator(seed: seed)
    let tokens = Int.random(in: 1...256, using: &random)
    let stride = (tokens + 31) / 32 * 32
    let last = CoderTables.deviations - 1
    let planes = (0..<Int.random(in: 1...30, using: &random)).map { _ in
      Bool.random(using: &random)
        ? ck_rans_plane(table: UInt8.random(in: 0...UInt8(last), using: &random), last: UInt8(last))
        : ck_rans_plane(table: UInt8(CoderTables.digits), last: 0)
    }
    let gains = (0..<stride).map { _ in Int8.random(in: -8...22, using: &random) }
    var coded = Coded(
      planes: planes, tokens: tokens, stride: stride, gains: gains, words: [],
      states: .init(repeating: 1 << 16, count: 32),
      symbols: .init(repeating: 0, count: planes.count * stride))
    for (plane, row) in planes.enumerated().reversed() {
      for token in (0..<tokens).reversed() {
        let table =
          row.last == 0
          ? Int(row.table) : max(0, min(last, Int(row.table) + Int(gains[token])))
        let slot = Int.random(in: 0..<4096, using: &random)
        let entry = CoderTables.gaussian.entries[table * 4096 + slot]
        let (symbol, count) = (Int8(truncatingIfNeeded: entry >> 24), entry & 4095)
        coded.symbols[plane * stride + token] = symbol
        var state = coded.states[token % 32]
        if state >> 20 >= count {
          coded.words.append(UInt16(truncatingIfNeeded: state))
          state >>= 16
        }
        let start = UInt32(CoderTables.gaussian.starts[table * 256 + Int(symbol) + 128])
        coded.states[token % 32] = (state / count) << 12 + state % count + start
      }
    }
    coded.words.reverse()
    return coded
  }

  private static func decode(_ coded: Coded, isa: UInt32) -> (isComplete: Bool, symbols: [Int8]) {
    var (states, symbols) = (coded.states, [Int8](repeating: 0, count: coded.symbols.count))
    let kernels = unsafe ck_codec_kernels_of(ck_isa(rawValue: isa)).pointee
    let result = unsafe coded.planes.withUnsafeBufferPointer { planes in
      unsafe coded.gains.withUnsafeBufferPointer { gains in
        unsafe coded.words.withUnsafeBufferPointer { words in
          unsafe CoderTables.gaussian.entries.withUnsafeBufferPointer { tables in
            unsafe states.withUnsafeMutableBufferPointer { states in
              unsafe symbols.withUnsafeMutableBufferPointer { symbols in
                unsafe withUnsafePointer(
                  to: ck_rans(
                    planes: planes.baseAddress, plane_count: planes.count, tokens: coded.tokens,
                    gains: gains.baseAddress, tables: tables.baseAddress,
                    words: words.baseAddress, word_count: words.count,
                    states: states.baseAddress, symbols: symbols.baseAddress,
                    stride: coded.stride)
                ) { unsafe kernels.decode_planes($0) }
              }
            }
          }
        }
      }
    }
    return (result == 1, symbols)
  }

  @Test("symbols come back; words that are missing or left over are noticed", arguments: isas)
  func symbols(isa: UInt32) {
    for seed in UInt64(1)...60 {
      let coded = Self.coded(seed: seed)
      let result = Self.decode(coded, isa: isa)
      #expect(result.isComplete, "seed \(seed)")
      #expect(result.symbols == coded.symbols, "seed \(seed)")
      var changed = coded
      changed.words.append(0)
      #expect(!Self.decode(changed, isa: isa).isComplete, "seed \(seed)")
      guard !coded.words.isEmpty else { continue }
      changed.words.removeLast(2)
      #expect(!Self.decode(changed, isa: isa).isComplete, "seed \(seed)")
    }
  }
}
