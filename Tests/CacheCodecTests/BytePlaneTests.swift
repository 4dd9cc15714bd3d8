import CCodecKernels
import TestSupport
import Testing

@Suite("Byte planes")
struct BytePlaneTests {
  @Test(
    "split and merge agree with plain loops for random shapes, by row and by column",
    arguments: [2, 4], [false, true])
  func planes(width: Int, byColumn: Bool) {
    for seed in UInt64(1)...100 {
      var random = SeededGenerator(seed: seed)
      let rows = Int.random(in: 0...150, using: &random)
      let columns = Int.random(in: 1...40, using: &random)
      let elements = random.bytes(rows * columns * width)
      var planes = [UInt8](repeating: 0, count: elements.count)
      unsafe planes.withUnsafeMutableBufferPointer { planes in
        let starts: [UnsafeMutablePointer<UInt8>?] = unsafe (0..<width).map { plane in
          unsafe planes.baseAddress.map { unsafe $0 + plane * rows * columns }
        }
        let split = unsafe byColumn ? ck_split_columns : ck_split_rows
        unsafe split(
          elements, ck_planes(rows: rows, columns: columns, width: width), starts)
      }
      let expected = (0..<width).flatMap { plane in
        (0..<rows * columns).map { index in
          let (row, column) =
            byColumn ? (index % rows, index / rows) : (index / columns, index % columns)
          return elements[(row * columns + column) * width + plane]
        }
      }
      #expect(planes == expected, "seed \(seed)")
      merge(
        planes, elements, ck_planes(rows: rows, columns: columns, width: width),
        byColumn: byColumn, seed: seed)
    }
  }

  /// Merging puts each row into its slot, and leaves out those that have none.
  private func merge(
    _ planes: [UInt8], _ elements: [UInt8], _ shape: ck_planes, byColumn: Bool, seed: UInt64
  ) {
    let (rows, columns, width) = (shape.rows, shape.columns, shape.width)
    var random = SeededGenerator(seed: seed + 1000)
    let slots = (0..<UInt32(rows)).shuffled(using: &random).map { $0 % 3 == 0 ? UInt32.max : $0 }
    for slots in [nil, slots] {
      var merged = [UInt8](repeating: 0, count: elements.count)
      unsafe planes.withUnsafeBufferPointer { planes in
        let starts: [UnsafePointer<UInt8>?] = unsafe (0..<width).map { plane in
          unsafe planes.baseAddress.map { unsafe $0 + plane * rows * columns }
        }
        let merge = unsafe byColumn ? ck_merge_columns : ck_merge_rows
        unsafe merge(starts, shape, slots, &merged)
      }
      let rowBytes = columns * width
      var expected = [UInt8](repeating: 0, count: elements.count)
      for row in 0..<rows {
        let slot = slots.map { Int($0[row]) } ?? row
        guard slot != Int(UInt32.max) else { continue }
        for byte in 0..<rowBytes {
          expected[slot * rowBytes + byte] = elements[row * rowBytes + byte]
        }
      }
      #expect(merged == expected, "seed \(seed)")
    }
  }
}
