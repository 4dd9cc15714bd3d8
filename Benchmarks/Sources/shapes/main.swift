// How long a prefill would take if it were nothing but its matrix products, each at the speed that
// its shape reaches alone: weights as panels already, everything in the caches, no other work
// between.
//
//     shapes TOKENS LAYERS WIDTH HIDDEN QUERY-HEADS KV-HEADS HEAD-LENGTH
//
// Prints JSON: seconds of the projections and of attention's two products. Products are in
// bfloat16, on all cores. As in a prefill, the last layer projects only queries, keys and values:
// the rest is the last token's alone.
import CISA
import CInferenceKernels
import Dispatch
import Glibc

let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
guard arguments.count == 7, arguments.allSatisfy({ $0 > 0 }) else {
  print("shapes: takes seven numbers of at least 1; see Benchmarks/Sources/shapes/main.swift")
  exit(64)
}
let (tokens, layers, width, hidden) = (arguments[0], arguments[1], arguments[2], arguments[3])
let (queryHeads, kvHeads, headLength) = (arguments[4], arguments[5], arguments[6])
let cores = max(1, ck_cores())
let panel = Int(CK_PANEL)
/// As the engine has them.
let (chunk, rowsPerItem) = (1024, 132)
let tokensPerTile = ck_attend_tokens(max(1, queryHeads / kvHeads))

/// Floats of some bytes that are numbers in bfloat16, 64-byte aligned, never freed.
func memory(_ floats: Int) -> UnsafeMutablePointer<Float> {
  let base = UnsafeMutableRawPointer.allocate(byteCount: 4 * floats + 64, alignment: 64)
  unsafe base.initializeMemory(as: UInt16.self, repeating: 0x3F80, count: 2 * floats + 32)
  return unsafe base.assumingMemoryBound(to: Float.self)
}

/// One core's rows, panel and results.
@safe struct Bench: @unchecked Sendable {
  let kernels = unsafe ck_inference_kernels_of(ck_isa_current())
  let a = unsafe UnsafeMutablePointer<UInt16>(OpaquePointer(memory(512 * 4096)))
  let panels = unsafe memory(ck_panel_floats(4096))
  let c = unsafe memory(512 * 64)

  /// Multiplies some rows by a panel of that depth.
  func multiply(rows: Int, depth: Int, adding: Bool) {
    var call = unsafe ck_product(
      a: UnsafePointer(a), a_stride: (depth + 31) / 32 * 32, panel: UnsafePointer(panels), c: c,
      c_stride: panel, rows: rows, depth: depth, columns: panel, accumulate: adding ? 1 : 0)
    unsafe kernels.pointee.multiply_panel(&call)
  }
}

let benches = (0..<cores).map { _ in Bench() }

/// The least seconds of five runs of `count` items on all cores.
func seconds(_ count: Int, _ body: @Sendable (_ bench: Bench) -> Void) -> Double {
  let clock = ContinuousClock()
  return (0..<5).map { _ in
    clock.measure {
      DispatchQueue.concurrentPerform(iterations: cores) { core in
        for _ in 0..<(count + cores - 1) / cores { body(benches[core]) }
      }
    } / .seconds(1)
  }.min() ?? .infinity
}

/// All projections of a layer: outputs, inputs, and how many layers have them.
let shapes = [
  ((queryHeads + 2 * kvHeads) * headLength, width, layers),
  (width, queryHeads * headLength, layers - 1), (2 * hidden, width, layers - 1),
  (width, hidden, layers - 1),
]
let projections = shapes.reduce(0.0) { total, shape in
  let (outputs, depth, layers) = shape
  let blocks = (min(tokens, chunk) + rowsPerItem - 1) / rowsPerItem
  let items = blocks * ((outputs + panel - 1) / panel)
  let rows = min(tokens, chunk) / blocks
  let chunks = Double(tokens) / Double(blocks * rows)
  return total + chunks * Double(layers)
    * seconds(items) { $0.multiply(rows: rows, depth: depth, adding: false) }
}

/// A tile of keys or values and the rows of queries that see it, in strips as attention takes them.
let strip = 12
let rowsOfTile = tokensPerTile * queryHeads / kvHeads / strip * strip
let tiles = (0..<(tokens + tokensPerTile - 1) / tokensPerTile).reduce(0) {
  $0 + (($1 + 1) * tokensPerTile + panel - 1) / panel
}
let attention =
  Double(layers - 1) / 4
  * seconds(4 * tiles * kvHeads) { bench in
    for _ in 0..<rowsOfTile / strip {
      bench.multiply(rows: strip, depth: headLength, adding: false)
      bench.multiply(rows: strip, depth: panel, adding: true)
    }
  }
print(#"{"projections": \#(projections), "attention": \#(attention)}"#)
