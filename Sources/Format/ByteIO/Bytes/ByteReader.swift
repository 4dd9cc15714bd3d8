/// Reads little-endian values one after the other from a file's bytes, never past their end.
///
/// Every read checks the bounds, and nothing is allocated for a count that the remaining bytes
/// cannot hold.
public struct ByteReader: ~Escapable {
  private let bytes: RawSpan
  private let path: String
  private let section: String
  private let base: UInt64
  /// The next byte to read, counted from the start of the bytes.
  public private(set) var position = 0

  /// Reads `bytes`, which begin at `base` in the file at `path` and belong to `section`.
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan, path: String, section: String, base: UInt64 = 0) {
    self.bytes = bytes
    self.path = path
    self.section = section
    self.base = base
  }

  /// How many bytes are left.
  public var remaining: Int { bytes.byteCount - position }

  /// The next byte's offset in the file.
  public var fileOffset: UInt64 { base + UInt64(position) }

  /// An error that names the next byte's offset.
  public func error(_ problem: String) -> MalformedFile {
    MalformedFile(path: path, section: section, offset: fileOffset, problem: problem)
  }

  /// The next integer of a fixed width.
  public mutating func read<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type = T.self
  ) throws(MalformedFile) -> T {
    let start = try advance(MemoryLayout<T>.size)
    return T(
      littleEndian: unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: start, as: T.self))
  }

  /// The next IEEE 754 binary32.
  public mutating func readFloat() throws(MalformedFile) -> Float {
    Float(bitPattern: try read(UInt32.self))
  }

  /// The next IEEE 754 binary64.
  public mutating func readDouble() throws(MalformedFile) -> Double {
    Double(bitPattern: try read(UInt64.self))
  }

  /// The next `u32`, which must be in `range`; `name` says in words what it counts.
  public mutating func readSize(
    _ name: String, _ range: ClosedRange<UInt32>
  ) throws(MalformedFile) -> Int {
    let place = self
    let value = try read(UInt32.self)
    guard range.contains(value) else {
      throw place.error("an impossible number of \(name): \(value)")
    }
    return Int(value)
  }

  /// The next `count` bytes.
  public mutating func readBytes(_ count: Int) throws(MalformedFile) -> [UInt8] {
    let start = try advance(count)
    return unsafe bytes.extracting(start..<start + count).withUnsafeBytes { unsafe [UInt8]($0) }
  }

  /// The next `count` integers of a fixed width.
  public mutating func readArray<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type = T.self, count: Int
  ) throws(MalformedFile) -> [T] {
    let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<T>.size)
    guard count >= 0, !overflow else { throw error("an impossible count: \(count)") }
    let start = try advance(size)
    return unsafe [T](unsafeUninitializedCapacity: count) { numbers, filled in
      for index in 0..<count {
        unsafe numbers.initializeElement(
          at: index,
          to: T(
            littleEndian: unsafe bytes.unsafeLoadUnaligned(
              fromUncheckedByteOffset: start + index * MemoryLayout<T>.size, as: T.self)))
      }
      filled = count
    }
  }

  /// Skips `count` bytes.
  public mutating func skip(_ count: Int) throws(MalformedFile) { _ = try advance(count) }

  /// Skips `count` bytes that must all be zero.
  public mutating func expectZeros(_ count: Int) throws(MalformedFile) {
    let start = position
    for byte in try readBytes(count) where byte != 0 {
      position = start
      throw error("reserved bytes are not zero")
    }
  }

  /// Rejects bytes that were not read.
  public func expectEnd() throws(MalformedFile) {
    guard remaining == 0 else { throw error("\(remaining) bytes too many") }
  }

  private mutating func advance(_ count: Int) throws(MalformedFile) -> Int {
    guard count >= 0, count <= remaining else {
      throw error("ends too early: \(count) bytes are needed and \(remaining) are left")
    }
    defer { position += count }
    return position
  }
}
