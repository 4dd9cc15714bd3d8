import ByteIO

/// The first 64 bytes of every file (spec, section 2.1).
///
/// ```
///  0      8     12  14  16        24        32     40  44   48         56        64
///  ┌──────┬─────┬───┬───┬─────────┬─────────┬──────┬───┬────┬──────────┬─────────┐
///  │magic │kind │ver│old│required │optional │ file │ S │  0 │directory │ header  │
///  │      │     │   │est│features │features │ size │   │    │ checksum │checksum │
///  └──────┴─────┴───┴───┴─────────┴─────────┴──────┴───┴────┴──────────┴─────────┘
/// ```
public struct FormatHeader: Sendable, Equatable {
  /// The header's length in bytes.
  public static let byteCount = 64
  /// The version of the format that this code writes, and the newest that it knows.
  public static let version: UInt16 = 1
  /// The greatest number of sections.
  public static let maximumSections = 64

  private static let name = "header"

  /// What the file holds.
  public let kind: FileKind
  /// Whether its sections and chunks are encrypted (spec, section 12).
  public let isEncrypted: Bool
  /// The version of the format that the writer followed.
  public let version: UInt16
  /// The file's size in bytes.
  public let fileSize: UInt64
  /// How many sections the directory lists.
  public let sectionCount: Int
  /// The checksum of the directory's bytes.
  public let directoryChecksum: UInt64

  /// The bit of the required features that says that a snapshot is encrypted.
  private static let encryption: UInt64 = 1

  init(
    kind: FileKind, isEncrypted: Bool, fileSize: UInt64, sectionCount: Int,
    directoryChecksum: UInt64
  ) {
    (self.kind, self.isEncrypted) = (kind, isEncrypted)
    self.version = Self.version
    self.fileSize = fileSize
    self.sectionCount = sectionCount
    self.directoryChecksum = directoryChecksum
  }

  var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.write(KnownFile.containerMagic)
    writer.write([UInt8](kind.rawValue.utf8))
    writer.write(version)
    writer.write(UInt16(1))  // oldest reader
    writer.write(isEncrypted ? Self.encryption : 0)  // required features
    writer.write(UInt64(0))  // optional features
    writer.write(fileSize)
    writer.write(UInt32(sectionCount))
    writer.write(UInt32(0))
    writer.write(directoryChecksum)
    writer.write(Checksum.of(writer.bytes))
    return writer.bytes
  }

  /// Checks in the order of the specification, so that a foreign, a damaged and a newer file are
  /// each reported as such.
  init(_ bytes: [UInt8], path: String, realSize: UInt64) throws(MalformedFile) {
    guard !bytes.isEmpty, bytes.prefix(8) == KnownFile.containerMagic.prefix(bytes.count) else {
      let what = KnownFile.name(startingWith: bytes).map { "this is \($0), " } ?? ""
      throw Self.error(path, 0, what + "not a file of this format")
    }
    guard bytes.count == Self.byteCount else {
      throw Self.error(
        path, 0, "the file ends before this part is complete; copy or write it again")
    }
    var reader = unsafe ByteReader(bytes.span.bytes, path: path, section: Self.name)
    _ = try reader.read(UInt64.self)
    var tail = unsafe ByteReader(bytes.span.bytes, path: path, section: Self.name)
    let covered = try tail.readBytes(Self.byteCount - 8)
    guard try tail.read() == Checksum.of(covered) else {
      throw Self.error(path, 0, "checksum mismatch; copy or write the file again")
    }
    let kind = try reader.readBytes(4)
    version = try reader.read()
    let oldestReader = try reader.read(UInt16.self)
    guard oldestReader <= Self.version else {
      throw Self.error(
        path, 14, "needs a reader of version \(oldestReader), and this is \(Self.version); update")
    }
    guard oldestReader >= 1, version >= oldestReader else {
      throw Self.error(path, 12, "impossible versions: \(version), readable by \(oldestReader)")
    }
    let requiredFeatures = try reader.read(UInt64.self)
    let isSnapshot = kind == Array(FileKind.snapshot.rawValue.utf8)
    guard requiredFeatures & ~(isSnapshot ? Self.encryption : 0) == 0 else {
      throw Self.error(
        path, 16, "needs features that are unknown here (\(requiredFeatures)); update")
    }
    isEncrypted = requiredFeatures != 0
    _ = try reader.read(UInt64.self)
    guard let known = FileKind(rawValue: String(decoding: kind, as: UTF8.self)) else {
      throw Self.error(path, 8, "an unknown kind of file")
    }
    self.kind = known
    fileSize = try reader.read()
    guard fileSize == realSize else {
      throw Self.error(
        path, 32, "the file should have \(fileSize) bytes and has \(realSize); copy it again")
    }
    sectionCount = Int(try reader.read(UInt32.self))
    guard 1...Self.maximumSections ~= sectionCount else {
      throw Self.error(path, 40, "an impossible number of sections: \(sectionCount)")
    }
    try reader.expectZeros(4)
    directoryChecksum = try reader.read()
  }

  private static func error(_ path: String, _ offset: UInt64, _ problem: String) -> MalformedFile {
    MalformedFile(path: path, section: name, offset: offset, problem: problem)
  }
}
