import ByteIO

/// What a child goes on from: another snapshot, of whose context the first positions stay (spec,
/// section 5.7, `PRNT`).
public struct ParentReference: Sendable, Equatable {
  /// The parent's snapshot digest.
  public var digest: Digest
  /// How many of the parent's positions stay: the position of the child's first pair.
  public var firstPosition: Int
  /// The parent's file name, under which it is looked for beside the child.
  public var fileName: String

  /// Refers to a parent; `SnapshotMetadata.check` tells whether the format allows it.
  public init(digest: Digest, firstPosition: Int, fileName: String) {
    self.digest = digest
    self.firstPosition = firstPosition
    self.fileName = fileName
  }

  /// The parent of the snapshot at `path`; nil if it has none. Nothing else of the file is
  /// read than its header, directory and this section.
  ///
  /// - Throws: `MalformedFile`, `SystemError`.
  public init?(ofFileAt path: String) throws {
    let container = try ContainerReader(path: path, kind: .snapshot)
    let section = try container.section(ifPresent: .parent, atMost: Self.maximumByteCount)
    guard let section else { return nil }
    self = try Self(section, tokens: Int(Int32.max))
  }

  private static let longestName = 255
  /// The greatest length of the section in bytes: digest, first position, the name's length, the name.
  static let maximumByteCount = UInt64(Digest.byteCount + 8 + 4 + longestName)

  var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.write(digest.bytes)
    writer.write(UInt64(clamping: firstPosition))
    writer.writeText(fileName)
    return writer.bytes
  }

  /// - Parameter tokens: Of the child's whole context.
  init(_ section: Section, tokens: Int) throws(MalformedFile) {
    var reader = section.reader
    digest = Digest(try reader.readBytes(Digest.byteCount))
    let first = try reader.read(UInt64.self)
    guard first >= 1, first <= UInt64(tokens) else {
      throw reader.error("a first position of \(first) in a context of \(tokens) tokens")
    }
    firstPosition = Int(first)
    let length = try reader.read(UInt32.self)
    guard 1...Self.longestName ~= Int(length) else {
      throw reader.error("a file name of \(length) bytes")
    }
    let bytes = try reader.readBytes(Int(length))
    guard let name = String(validating: bytes, as: UTF8.self), name != ".", name != "..",
      !bytes.contains(UInt8(ascii: "/")), !bytes.contains(0)
    else {
      throw reader.error("the parent's name is not that of a file")
    }
    fileName = name
    try reader.expectEnd()
  }
}
