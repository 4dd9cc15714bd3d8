// The inner loops, each against the plainest way to do the same on the same machine. A ratio below
// its threshold is a loss that nobody noticed: the command then fails.
import CCodecKernels
import CISA
import CInferenceKernels
import Glibc

/// An ISA that this processor runs; `plain` is the first.
struct ISA {
  let isa: ck_isa
  var kernels: ck_inference_kernels { unsafe ck_inference_kernels_of(isa).pointee }
  var name: String { unsafe String(cString: ck_isa_name(isa)) }

  static let all = (0..<UInt32(CK_ISA_COUNT)).map(ck_isa.init(rawValue:))
    .filter { ck_isa_is_available($0) }.map(ISA.init)
}

/// One loop.
struct Loop {
  let name: String
  /// How many times as fast as on `plain` it is at least, by ISA.
  let thresholds: [String: Double]
  let run: (ISA) -> Void
}

let (depth, rows, tokens) = (576, 64, 12)
let rowBytes = depth / 32 * 20
let weights = Buffer(rows * rowBytes)
let stored = unsafe weights.rows(rowBytes)
let x = Buffer(tokens * depth * 4)
let rounded = Buffer(132 * depth * 2)
let y = Buffer(132 * rows * 4)
let panel = Buffer(ck_panel_floats(depth) * 4)
let int16 = Buffer(tokens * depth / 32 * MemoryLayout<ck_int16_block>.stride)

// A chunk of a prefill, and one token, of a group of query heads before the pairs of a KV head in
// binary16.
let (newTokens, group, headLength, pairs) = (64, 3, 64, 512)
let queries = Buffer(newTokens * group * headLength * 4)
let (keys, values) = (
  Buffer(pairs * headLength * 2, seed: 2), Buffer(pairs * headLength * 2, seed: 3)
)
let attended = Buffer(newTokens * group * headLength * 4)
let partials = Buffer(group * ck_split_floats(headLength) * 4)
let scratch = Buffer(
  max(
    ck_attend_scratch(headLength, headLength, group),
    ck_split_scratch(headLength, headLength, group)) * 4)

func elements(_ buffer: Buffer) -> ck_rows {
  unsafe ck_rows(data: buffer.base, type: CK_F16, bits: 0, scales: nil, minima: nil, groups: nil)
}

// The symbols of 100 components at the 256 positions of a transform's block, of a deviation of 1.
let symbolPlanes = [ck_rans_plane](repeating: ck_rans_plane(table: 0, last: 0), count: 100)
let (blockTokens, gains) = (256, [Int8](repeating: 0, count: 256))
let table = symbolTable([-3: 18, -2: 221, -1: 991, 0: 1636, 1: 991, 2: 221, 3: 18])
let words = Buffer(2 * symbolPlanes.count * blockTokens)
let symbols = Buffer(symbolPlanes.count * blockTokens)

/// The entries of a table of symbols, by frequency.
func symbolTable(_ frequencies: [Int: UInt32]) -> [UInt32] {
  frequencies.flatMap { symbol, frequency in
    (0..<frequency).map { UInt32(UInt8(truncatingIfNeeded: symbol)) << 24 | $0 << 12 | frequency }
  }
}

let loops = [
  Loop(name: "dot, Q4_1", thresholds: ["avx2": 1.5, "avx512": 2.2, "avx512bf16": 2.7]) {
    isa in
    unsafe stored.withUnsafeBufferPointer { stored in
      var call = unsafe ck_dot(
        type: CK_Q4_1, rows: stored.baseAddress, count: rows, depth: depth, x: x.floats,
        y: y.floats)
      unsafe isa.kernels.dot(&call)
    }
  },
  Loop(name: "12 tokens, Q4_1", thresholds: ["avx2": 1.3, "avx512": 1.8, "avx512bf16": 2.5]) {
    isa in
    let int16Base = unsafe int16.base.assumingMemoryBound(to: ck_int16_block.self)
    if isa.kernels.takes_int16(CK_Q4_1) != 0 {
      for token in 0..<tokens {
        unsafe isa.kernels.quantise_activations(
          x.floats + token * depth, depth, tokens, int16Base + token)
      }
    }
    for first in stride(from: 0, to: rows, by: Int(CK_SMALL_BATCH_ROWS)) {
      unsafe stored.withUnsafeBufferPointer { stored in
        var call = unsafe ck_small_batch(
          type: CK_Q4_1, rows: stored.baseAddress.map { unsafe $0 + first }, count: 16,
          depth: depth, tokens: tokens, x: x.floats, int16: int16Base, y: y.floats + first,
          x_stride: depth, y_stride: rows)
        unsafe isa.kernels.multiply_small_batch(&call)
      }
    }
  },
  Loop(name: "packing a panel, Q4_1", thresholds: ["avx2": 1.5, "avx512": 1.6, "avx512bf16": 2.2]) {
    unsafe $0.kernels.pack_panel(CK_Q4_1, stored, rows, depth, panel.floats)
  },
  Loop(name: "132 rows by a panel", thresholds: ["avx2": 0.9, "avx512": 2.3, "avx512bf16": 5.5]) {
    var call = unsafe ck_product(
      a: rounded.words, a_stride: depth, panel: panel.floats, c: y.floats, c_stride: rows,
      rows: 132, depth: depth, columns: rows, accumulate: 0)
    unsafe $0.kernels.multiply_panel(&call)
  },
  Loop(name: "attention, 64 tokens", thresholds: ["avx2": 1.1, "avx512": 1.7, "avx512bf16": 4]) {
    isa in
    var held = unsafe ck_pairs(
      keys: elements(keys), values: elements(values), count: pairs, before: pairs - newTokens,
      out_of_window: nil)
    unsafe withUnsafePointer(to: &held) { held in
      var call = unsafe ck_attention(
        queries: queries.floats, output: attended.floats, denominators: nil, pairs: held, parts: 1,
        products: isa.kernels.has_bf16_dots == 0 ? CK_F32 : CK_BF16, first_token: 0,
        token_count: newTokens, group: group, query_stride: group * headLength,
        output_stride: group * headLength, denominator_stride: group, key_length: headLength,
        value_length: headLength, scale: 0.125, cap: 0, scratch: scratch.floats)
      unsafe isa.kernels.attend(&call)
    }
  },
  Loop(name: "attention, 1 token", thresholds: ["avx2": 1.6, "avx512": 2, "avx512bf16": 2]) {
    var call = unsafe ck_split(
      queries: queries.floats, keys: elements(keys), values: elements(values), first: 0,
      pairs: pairs, group: group, key_length: headLength, value_length: headLength, scale: 0.125,
      cap: 0, partials: partials.floats, scratch: scratch.floats)
    unsafe $0.kernels.attend_split(&call)
  },
  Loop(name: "25,600 symbols of rANS", thresholds: ["avx2": 2, "avx512": 2, "avx512bf16": 2]) {
    isa in
    var states = [UInt32](repeating: 1 << 20, count: Int(CK_RANS_LANES))
    unsafe symbolPlanes.withUnsafeBufferPointer { planes in
      unsafe table.withUnsafeBufferPointer { table in
        unsafe gains.withUnsafeBufferPointer { gains in
          unsafe states.withUnsafeMutableBufferPointer { states in
            var call = unsafe ck_rans(
              planes: planes.baseAddress, plane_count: planes.count, tokens: blockTokens,
              gains: gains.baseAddress, tables: table.baseAddress, words: words.words,
              word_count: words.count / 2, states: states.baseAddress,
              symbols: symbols.base.assumingMemoryBound(to: Int8.self), stride: blockTokens)
            _ = unsafe ck_codec_kernels_of(isa.isa).pointee.decode_planes(&call)
          }
        }
      }
    }
  },
]

/// Prints a ratio; returns whether it is enough.
func report(_ name: String, _ isa: String, _ time: Double, _ ratio: Double, least: Double) -> Bool {
  let isEnough = ratio >= least
  func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }
  func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
  print(
    padded(name, 26) + padded(isa, 12) + padded("\(tenths(time * 1e6)) µs", 14)
      + padded("\(tenths(ratio))×", 9) + "at least \(least)× " + (isEnough ? "" : "TOO SLOW"))
  return isEnough
}

var areFast = true
for loop in loops {
  let reference = seconds { loop.run(ISA.all[0]) }
  areFast = report(loop.name, ISA.all[0].name, reference, 1, least: 1) && areFast
  for isa in ISA.all.dropFirst() {
    let time = seconds { loop.run(isa) }
    areFast =
      report(
        loop.name, isa.name, time, reference / time, least: loop.thresholds[isa.name] ?? 1)
      && areFast
  }
}

// Merging byte planes by rows and by columns of 64, against copying as many bytes.
let (count, width) = (1 << 16, 2)
let (planes, merged) = (Buffer(count * width), Buffer(count * width))
let copying = seconds { unsafe _ = memcpy(merged.base, planes.base, count * width) }
let sources = unsafe [UnsafePointer(planes.bytes), UnsafePointer(planes.bytes + count)]
  .map(Optional.init)
let planeShape = ck_planes(rows: count / 64, columns: 64, width: width)
let byRows = seconds {
  unsafe sources.withUnsafeBufferPointer {
    unsafe ck_merge_rows($0.baseAddress, planeShape, nil, merged.bytes)
  }
}
let byColumns = seconds {
  unsafe sources.withUnsafeBufferPointer {
    unsafe ck_merge_columns($0.baseAddress, planeShape, nil, merged.bytes)
  }
}
areFast =
  report("merging byte planes", "to memcpy", byRows, copying / byRows, least: 0.5) && areFast
areFast =
  report("merging their columns", "to memcpy", byColumns, copying / byColumns, least: 0.1)
  && areFast
exit(areFast ? 0 : 1)
