public import ByteIO

/// A tensor of a model file: a matrix of `rows` outputs by `columns` inputs, or a vector (one row).
///
/// Its values stay in the mapped file. Rows are in the half-split (transformers) order, whatever
/// the file's order is.
public struct Tensor: Sendable {
  /// The tensor's name in GGUF's spelling.
  public let name: String
  /// How the values are stored.
  public let type: TensorType
  /// The dimensions, outermost first.
  public let shape: [Int]
  /// The mapped file that holds the values.
  public let file: MappedFile
  /// Where the values begin in the file.
  public let offset: Int
  /// A head's number of rows, if the file interleaves their halves for RoPE.
  public var interleavedHeadLength: Int?
  /// What is to be added to every stored value.
  public var addend: Float = 0

  /// The length of the innermost dimension.
  public var columns: Int { shape.last ?? 0 }

  /// How many rows of `columns` values there are.
  public var rows: Int { shape.dropLast().reduce(1, *) }

  /// How many bytes a row takes.
  public var rowBytes: Int { columns / type.blockLength * type.blockBytes }

  /// The bytes of all rows, in the file's order.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      unsafe _overrideLifetime(
        file.bytes.extracting(offset..<offset + rows * rowBytes), borrowing: self)
    }
  }

  /// Gives the values' memory back to the system. Values that are needed again are read from the
  /// file again.
  public func releasePages() { file.releasePages(offset..<offset + rows * rowBytes) }

  /// The index, among the file's rows, of row `row` in half-split order.
  ///
  /// GGUF's `llama` stores the rows of Q and K so that a rotated pair is adjacent: row i of the
  /// first half of a head at 2i, row i of the second half at 2i + 1.
  public func storedRow(_ row: Int) -> Int {
    guard let length = interleavedHeadLength else { return row }
    let (head, inHead) = (row / length, row % length)
    let (part, index) = (inHead / (length / 2), inHead % (length / 2))
    return head * length + 2 * index + part
  }

  /// Some of the rows as a tensor of their own; the rows must not be interleaved.
  public func rows(_ range: Range<Int>) -> Tensor {
    precondition(interleavedHeadLength == nil && range.upperBound <= rows)
    return Tensor(
      name: name, type: type, shape: [range.count, columns], file: file,
      offset: offset + range.lowerBound * rowBytes, addend: addend)
  }
}
