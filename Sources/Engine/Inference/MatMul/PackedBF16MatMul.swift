import CInferenceKernels
import ModelFiles

/// Products in bfloat16 with sums in float32: a group's weights are decoded into panels, which all
/// cores then multiply by.
///
/// Panels are packed again for each chunk of tokens, which costs a few hundredths of the products;
/// kept for the whole model, they would take more than twice the memory of the quantised file.
struct PackedBF16MatMul: MatMul {
  private let panels: Memory
  private let tiles: Memory

  /// Fewer rows than this stay in float32: a short prompt or question takes a moment either way,
  /// and keeps all its places.
  static let fewestTokens = 64

  /// Rows of one item: enough to pay for loading a panel into the cache, few enough to share
  /// evenly.
  private static let rowsPerItem = 132
  /// Rows that are gated at once, while they are in the nearest cache.
  private static let gatedRows = 24
  private static let panel = Int(CK_PANEL)

  let takesRounded = true

  /// Memory for the panels of the largest of some groups.
  init(_ groups: [WeightGroup]) throws(EngineError) {
    let floats = groups.map { group in
      group.matrices.reduce(0) {
        $0 + ($1.rows + Self.panel - 1) / Self.panel * ck_panel_floats($1.columns)
      }
    }
    panels = try Memory((floats.max() ?? 0) * MemoryLayout<Float>.stride)
    let tile = 2 * Self.gatedRows * Self.panel * MemoryLayout<Float>.stride
    tiles = try Memory(Parallel.workers * tile)
  }

  func project(_ x: Activations, _ weights: WeightGroup, count: Int, into targets: [Matrix]) {
    pack(weights)
    forEachBlock(weights, count) { _, panel, rows in
      let (matrix, outputs) = weights.block(panel, of: Self.panel)
      let target = targets[matrix]
      unsafe multiply(
        x, rows, panel, into: target.pointer(row: rows.lowerBound) + outputs.lowerBound,
        columns: outputs.count, stride: target.columns, adding: false)
    }
  }

  func project(_ x: Activations, _ weights: WeightGroup, count: Int, addingTo target: Matrix) {
    pack(weights)
    forEachBlock(weights, count) { _, panel, rows in
      let outputs = weights.block(panel, of: Self.panel).rows
      unsafe multiply(
        x, rows, panel, into: target.pointer(row: rows.lowerBound) + outputs.lowerBound,
        columns: outputs.count, stride: target.columns, adding: true)
    }
  }

  func gate(
    _ x: Activations, _ weights: WeightGroup,
    _ activation: ModelConfig.Activation, count: Int, into target: Activations
  ) {
    pack(weights)
    let gates = (weights.matrices[0].rows + Self.panel - 1) / Self.panel
    let size = Self.gatedRows * Self.panel
    forEachBlock(WeightGroup(weights.matrices[0]), count) { worker, panel, rows in
      let outputs = weights.block(panel, of: Self.panel).rows
      unsafe tiles.withFloats { tiles in
        let (gate, up) = unsafe (tiles + 2 * worker * size, tiles + (2 * worker + 1) * size)
        for start in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.gatedRows) {
          let part = start..<min(rows.upperBound, start + Self.gatedRows)
          unsafe multiply(
            x, part, panel, into: gate, columns: Self.panel, stride: Self.panel, adding: false)
          unsafe multiply(
            x, part, gates + panel, into: up, columns: Self.panel, stride: Self.panel,
            adding: false)
          unsafe Kernels.current.gate(
            activation, gate, up, count: part.count * Self.panel)
          for row in part {
            unsafe Kernels.current.table.pointee.bf16_from_float(
              gate + (row - start) * Self.panel, target.rounded(row: row) + outputs.lowerBound,
              outputs.count)
          }
        }
      }
    }
  }

  /// Decodes a group's weights, one panel after the other.
  private func pack(_ weights: WeightGroup) {
    let depth = weights.matrices[0].columns
    Parallel.forEach(weights.blocks(of: Self.panel)) { _, panel in
      let (matrix, rows) = weights.block(panel, of: Self.panel)
      unsafe panels.withFloats {
        unsafe weights.matrices[matrix].pack(rows, into: $0 + panel * ck_panel_floats(depth))
      }
    }
  }

  /// Rows in the outer order, so that a block of them stays in a core's cache for all panels.
  private func forEachBlock(
    _ weights: WeightGroup, _ count: Int,
    _ body: @Sendable (_ worker: Int, _ panel: Int, _ rows: Range<Int>) -> Void
  ) {
    let panels = weights.blocks(of: Self.panel)
    let blocks = (count + Self.rowsPerItem - 1) / Self.rowsPerItem
    Parallel.forEach(blocks * panels) { worker, item in
      let start = item / panels * Self.rowsPerItem
      body(worker, item % panels, start..<min(count, start + Self.rowsPerItem))
    }
  }

  @unsafe private func multiply(
    _ x: Activations, _ rows: Range<Int>, _ panel: Int, into target: UnsafeMutablePointer<Float>,
    columns: Int, stride: Int, adding: Bool
  ) {
    unsafe panels.withFloats { panels in
      unsafe withUnsafePointer(
        to: ck_product(
          a: x.rounded(row: rows.lowerBound), a_stride: x.roundedStride,
          panel: panels + panel * ck_panel_floats(x.columns), c: target, c_stride: stride,
          rows: rows.count, depth: x.columns, columns: columns, accumulate: adding ? 1 : 0)
      ) { unsafe Kernels.current.table.pointee.multiply_panel($0) }
    }
  }
}
