/// Collects little-endian values, the counterpart of `ByteReader`.
public struct ByteWriter: Sendable {
  /// What was written so far.
  public private(set) var bytes: [UInt8] = []

  /// Starts with nothing written.
  public init() {}

  /// Appends an integer of a fixed width.
  public mutating func write<T: FixedWidthInteger>(_ value: T) {
    unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
  }

  /// Appends an IEEE 754 binary32.
  public mutating func write(_ value: Float) { write(value.bitPattern) }

  /// Appends an IEEE 754 binary64.
  public mutating func write(_ value: Double) { write(value.bitPattern) }

  /// Appends bytes as they are.
  public mutating func write(_ other: [UInt8]) { bytes.append(contentsOf: other) }

  /// Appends a 32-bit length and the text's UTF-8 bytes.
  public mutating func writeText(_ text: String) {
    write(UInt32(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  /// Appends `count` zero bytes.
  public mutating func writeZeros(_ count: Int) {
    bytes.append(contentsOf: repeatElement(0, count: count))
  }
}
