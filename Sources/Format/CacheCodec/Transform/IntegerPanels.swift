import CCodecKernels

/// A matrix of 16-bit integers, laid out for exact products on every ISA.
struct IntegerPanels: Sendable {
  /// Rows, a number that is even: one of zeros may follow the matrix's own.
  let depth: Int
  let columns: Int
  /// [panels][depth / 2][CK_PANEL_COLUMNS][2].
  private let panels: [Int16]

  private static let width = Int(CK_PANEL_COLUMNS)

  /// The matrix [depth][columns] of these elements, row by row.
  init(depth: Int, columns: Int, _ elements: [Int16]) {
    precondition(elements.count == depth * columns)
    let even = (depth + 1) / 2 * 2
    let count = (columns + Self.width - 1) / Self.width
    var panels = [Int16](repeating: 0, count: count * even * Self.width)
    unsafe panels.withUnsafeMutableBufferPointer { panels in
      unsafe elements.withUnsafeBufferPointer { elements in
        for row in 0..<depth {
          for first in Swift.stride(from: 0, to: columns, by: Self.width) {
            let panel = first * even + row / 2 * Self.width * 2 + row % 2
            for column in 0..<min(Self.width, columns - first) {
              unsafe panels[panel + 2 * column] = elements[row * columns + first + column]
            }
          }
        }
      }
    }
    (self.depth, self.columns, self.panels) = (even, columns, panels)
  }

  /// The matrix [depth][columns] whose elements `element` gives.
  init(depth: Int, columns: Int, _ element: (_ row: Int, _ column: Int) -> Int16) {
    self.init(
      depth: depth, columns: columns,
      (0..<depth).flatMap { row in (0..<columns).map { element(row, $0) } })
  }

  /// Columns of a product in memory.
  var stride: Int { (columns + Self.width - 1) / Self.width * Self.width }

  /// a · matrix, modulo 2^32: [rows][stride].
  ///
  /// - Parameters:
  ///   - a: [rows][depth].
  ///   - depth: How many first rows of the matrix count, rounded up to an even number.
  ///   - wanted: How many first columns are wanted; the others may stay 0.
  func product(_ a: [Int16], rows: Int, depth used: Int, columns wanted: Int) -> [Int32] {
    precondition(a.count == rows * depth && used <= depth && wanted <= columns)
    var result = [Int32](repeating: 0, count: rows * stride)
    guard rows > 0 else { return result }
    unsafe a.withUnsafeBufferPointer { a in
      unsafe panels.withUnsafeBufferPointer { panels in
        unsafe result.withUnsafeMutableBufferPointer { result in
          for first in Swift.stride(from: 0, to: wanted, by: Self.width) {
            unsafe withUnsafePointer(
              to: ck_int16_product(
                a: a.baseAddress, panel: panels.baseAddress.map { unsafe $0 + first * depth },
                c: result.baseAddress.map { unsafe $0 + first }, rows: rows,
                depth: (used + 1) / 2 * 2, a_stride: depth, c_stride: stride)
            ) { unsafe CodecKernels.current.table.pointee.multiply_int16($0) }
          }
        }
      }
    }
    return result
  }
}
