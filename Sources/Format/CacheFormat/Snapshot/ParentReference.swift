import ByteIO

/// The parent of a child: another snapshot, whose first positions the child keeps (spec, section
/// 5.7, `PRNT`).
public struct ParentReference: Sendable, Equatable {
  /// The parent's snapshot digest.
  public var digest: Digest
  /// How many of the parent's positions the child keeps, which is the position of the child's first
  /// pair.
  public var firstPosition: Int
  /// The parent's file name. It is looked for in the child's folder.
  public var fileName: String

  /// Refers to a parent. `SnapshotMetadata.check` rejects what the format does not allow.
  public init(digest: Digest, firstPosition: Int, fileName: String) {
    self.digest = digest
    self.firstPosition = firstPosition
    self.fileName = fileName
  }

  /// The parent of the snapshot at `path`; nil if it has none. Only the header, the directory and
  /// this section are read.
  ///
  /// - Throws: `MalformedFile`, `SystemError`.
  public init?(ofFileAt path: String) throws {
    let container = try ContainerReader(path: path, kind: .snapshot)
    let section = try container.section(ifPresent: .parent, atMost: Self.maximumByteCount)
    guard let section else { return nil }
    self = try Self(section, tokens: Int(Int32.max))
  }

  /// The greatest length of the section in bytes: digest, first position, the name's length, the
  /// name.
  static let maximumByteCount = UInt64(Digest.byteCount + 8 + FileNameField.maximumByteCount)

  var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.write(digest.bytes)
    writer.write(UInt64(clamping: firstPosition))
    writer.writeText(fileName)
    return writer.bytes
  }

  /// - Parameter tokens: The number of tokens of the child's whole context.
  init(_ section: Section, tokens: Int) throws(MalformedFile) {
    var reader = section.reader
    digest = Digest(try reader.readBytes(Digest.byteCount))
    let first = try reader.read(UInt64.self)
    guard first >= 1, first <= UInt64(tokens) else {
      throw reader.error("a first position of \(first) in a context of \(tokens) tokens")
    }
    firstPosition = Int(first)
    fileName = try FileNameField.read(&reader)
    try reader.expectEnd()
  }
}
