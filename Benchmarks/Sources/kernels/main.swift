// The inner loops, each against the plainest way to do the same on the same machine. A ratio below its
// threshold is a loss that nobody noticed: the command then fails.
import CKernels
import Glibc

/// One path of the kernels; the plain one has the index 0.
struct Path {
  let index: Int
  var kernels: ck_kernels { unsafe ck_path(index).pointee }
  var name: String { unsafe String(cString: kernels.name) }

  static let all = (0..<8).filter { unsafe ck_path($0) != nil }.map(Path.init)
}

/// One loop.
struct Loop {
  let name: String
  /// Times as fast as on the path `plain`, at least, by path.
  let thresholds: [String: Double]
  let run: (Path) -> Void
}

let (depth, rows, tokens) = (576, 64, 12)
let rowBytes = depth / 32 * 20
let weights = Buffer(rows * rowBytes)
let stored = unsafe weights.rows(rowBytes)
let x = Buffer(tokens * depth * 4)
let rounded = Buffer(132 * depth * 2)
let y = Buffer(132 * rows * 4)
let panel = Buffer(ck_panel_floats(depth) * 4)
let words = Buffer(tokens * depth / 32 * MemoryLayout<ck_words>.stride)

let loops = [
  Loop(name: "dot, Q4_1", thresholds: ["avx2": 1.5, "avx512": 2.2, "avx512bf16": 2.7]) {
    unsafe $0.kernels.dot(CK_Q4_1, stored, rows, x.floats, depth, y.floats)
  },
  Loop(name: "12 tokens, Q4_1", thresholds: ["avx2": 1.3, "avx512": 1.8, "avx512bf16": 2.5]) {
    path in
    let wordsBase = unsafe words.base.assumingMemoryBound(to: ck_words.self)
    if unsafe path.kernels.takes_words(CK_Q4_1) != 0 {
      for token in 0..<tokens {
        unsafe path.kernels.round_words(
          x.floats + token * depth, depth, tokens, wordsBase + token)
      }
    }
    for first in stride(from: 0, to: rows, by: Int(CK_FEW_ROWS)) {
      unsafe stored.withUnsafeBufferPointer { stored in
        var call = unsafe ck_few(
          type: CK_Q4_1, rows: stored.baseAddress.map { unsafe $0 + first }, count: 16,
          depth: depth, tokens: tokens, x: x.floats, words: wordsBase, y: y.floats + first,
          x_stride: depth, y_stride: rows)
        unsafe path.kernels.multiply_few(&call)
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
]

/// Prints a ratio; returns whether it is enough.
func report(_ name: String, _ path: String, _ time: Double, _ ratio: Double, least: Double) -> Bool
{
  let isEnough = ratio >= least
  func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }
  func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
  print(
    padded(name, 26) + padded(path, 12) + padded("\(tenths(time * 1e6)) µs", 14)
      + padded("\(tenths(ratio))×", 9) + "at least \(least)× " + (isEnough ? "" : "TOO SLOW"))
  return isEnough
}

var areFast = true
for loop in loops {
  let reference = seconds { loop.run(Path.all[0]) }
  for path in Path.all.dropFirst() {
    let time = seconds { loop.run(path) }
    areFast =
      report(
        loop.name, path.name, time, reference / time, least: loop.thresholds[path.name] ?? 1)
      && areFast
  }
}

// Merging byte planes, against copying as many bytes.
let (count, width) = (1 << 16, 2)
let (planes, merged) = (Buffer(count * width), Buffer(count * width))
let merging = seconds {
  let sources = unsafe [UnsafePointer(planes.bytes), UnsafePointer(planes.bytes + count)]
  unsafe sources.map(Optional.init).withUnsafeBufferPointer {
    unsafe ck_merge_rows($0.baseAddress, count, 1, width, nil, merged.bytes)
  }
}
let copying = seconds { unsafe _ = memcpy(merged.base, planes.base, count * width) }
areFast =
  report("merging byte planes", "to memcpy", merging, copying / merging, least: 0.5) && areFast
exit(areFast ? 0 : 1)
