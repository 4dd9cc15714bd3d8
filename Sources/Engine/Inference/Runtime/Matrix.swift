/// A row-major matrix of floats that lives at one address, so that several threads can fill
/// different rows of it at once.
///
/// Not a value: all holders see every change. Copy a row out for results that outlive a step.
@safe public final class Matrix: @unchecked Sendable {
  /// How many rows there are.
  public let rows: Int
  /// How many values a row has.
  public let columns: Int
  private let memory: Memory

  /// A matrix of zeros.
  ///
  /// - Throws: `EngineError.outOfMemory`.
  public init(rows: Int, columns: Int) throws(EngineError) {
    self.rows = rows
    self.columns = columns
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
    guard !overflow, count <= Int.max / MemoryLayout<Float>.stride else {
      throw .outOfMemory(bytes: .max)
    }
    memory = try Memory(count * MemoryLayout<Float>.stride)
  }

  private var storage: UnsafeMutablePointer<Float> {
    unsafe memory.base.assumingMemoryBound(to: Float.self)
  }

  /// One row.
  @_lifetime(borrow self)
  public func row(_ index: Int) -> Span<Float> {
    unsafe _overrideLifetime(
      Span(_unsafeStart: pointer(row: index), count: columns), borrowing: self)
  }

  /// The first `count` rows, one after the other.
  @_lifetime(borrow self)
  public func leadingRows(_ count: Int) -> Span<Float> {
    precondition(count >= 0 && count <= rows)
    return unsafe _overrideLifetime(
      Span(_unsafeStart: storage, count: count * columns), borrowing: self)
  }

  /// A copy of one row.
  public func copy(row index: Int) -> [Float] {
    unsafe [Float](UnsafeBufferPointer(start: pointer(row: index), count: columns))
  }

  /// A copy of the first `count` rows.
  ///
  /// - Throws: `EngineError.outOfMemory`.
  public func copy(rows count: Int) throws(EngineError) -> Matrix {
    let copy = try Matrix(rows: count, columns: columns)
    for row in 0..<count {
      unsafe copy.pointer(row: row).update(from: pointer(row: row), count: columns)
    }
    return copy
  }

  /// Copies a row of a matrix that is as wide, which may be this one.
  func copy(row source: Int, of other: Matrix, to target: Int) {
    precondition(columns == other.columns)
    unsafe pointer(row: target).update(from: other.pointer(row: source), count: columns)
  }

  /// Where a row begins, for the C kernels; the caller makes sure that it is the only one to write
  /// there.
  @unsafe func pointer(row index: Int) -> UnsafeMutablePointer<Float> {
    precondition(index >= 0 && index < rows)
    return unsafe storage + index * columns
  }
}
