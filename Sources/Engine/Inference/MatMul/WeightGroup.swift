/// Weight matrices that multiply the same rows, so that one step can take them all.
struct WeightGroup: Sendable {
  let matrices: [WeightMatrix]

  init(_ matrices: WeightMatrix...) { self.matrices = matrices }

  init(_ matrices: [WeightMatrix]) { self.matrices = matrices }

  /// How many blocks of up to `size` outputs there are; no block spans two matrices.
  func blocks(of size: Int) -> Int {
    matrices.reduce(0) { $0 + ($1.rows + size - 1) / size }
  }

  /// The matrix and the outputs of one block.
  func block(_ index: Int, of size: Int) -> (matrix: Int, rows: Range<Int>) {
    var (matrix, index) = (0, index)
    while true {
      let rows = matrices[matrix].rows
      let count = (rows + size - 1) / size
      if index < count { return (matrix, index * size..<min(rows, (index + 1) * size)) }
      index -= count
      matrix += 1
    }
  }
}
