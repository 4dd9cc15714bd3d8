import CXXHash

/// A container file built field by field, so that every field can be made wrong while all checksums
/// stay right. Written from the specification; shares no code with the writer.
public struct RawContainer: Sendable {
  /// One directory entry.
  public struct Entry: Sendable {
    /// Four letters.
    public var type: String
    /// The reserved field.
    public var reserved: UInt32 = 0
    /// Where the section begins.
    public var offset: UInt64
    /// Its length.
    public var length: UInt64
    /// Its checksum.
    public var checksum: UInt64
  }

  /// The first eight bytes.
  public var magic: [UInt8] = [0x89, 0x4B, 0x56, 0x51, 0x0D, 0x0A, 0x1A, 0x0A]
  /// The kind's four letters.
  public var kind: String
  /// The version that the writer followed.
  public var version: UInt16 = 1
  /// The least version that a reader must know.
  public var oldestReader: UInt16 = 1
  /// Feature bits that a reader must know.
  public var requiredFeatures: UInt64 = 0
  /// Feature bits that a reader may ignore.
  public var optionalFeatures: UInt64 = 0
  /// The header's reserved field.
  public var reserved: UInt32 = 0
  /// Written instead of the number of entries.
  public var sectionCount: UInt32?
  /// Written instead of the real size.
  public var fileSize: UInt64?
  /// The directory.
  public var entries: [Entry] = []
  /// The bytes after the directory, padding included.
  public var rest: [UInt8] = []

  /// Lays out sections as the specification says.
  public init(kind: String, sections: [(type: String, bytes: [UInt8])]) {
    self.kind = kind
    let start = 64 + 32 * sections.count
    for (type, bytes) in sections {
      rest += [UInt8](repeating: 0, count: (64 - (start + rest.count) % 64) % 64)
      entries.append(
        Entry(
          type: type, offset: UInt64(start + rest.count), length: UInt64(bytes.count),
          checksum: type == "DATA" ? 0 : Self.checksum(bytes)))
      rest += bytes
    }
  }

  /// The file.
  public var bytes: [UInt8] {
    let directory = entries.flatMap { entry in
      [UInt8](entry.type.utf8) + Self.field(entry.reserved) + Self.field(entry.offset)
        + Self.field(entry.length) + Self.field(entry.checksum)
    }
    let size = fileSize ?? UInt64(64 + directory.count + rest.count)
    var header = magic + [UInt8](kind.utf8) + Self.field(version) + Self.field(oldestReader)
    header += Self.field(requiredFeatures) + Self.field(optionalFeatures) + Self.field(size)
    header += Self.field(sectionCount ?? UInt32(entries.count)) + Self.field(reserved)
    header += Self.field(Self.checksum(directory))
    return header + Self.field(Self.checksum(header)) + directory + rest
  }

  /// An integer's little-endian bytes.
  public static func field(_ value: some FixedWidthInteger) -> [UInt8] {
    (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }

  /// XXH64 with seed 0.
  public static func checksum(_ bytes: [UInt8]) -> UInt64 {
    unsafe bytes.withUnsafeBytes { unsafe XXH64($0.baseAddress, $0.count, 0) }
  }
}
