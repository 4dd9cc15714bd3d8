public import ByteIO

/// A section's bytes, whose checksum was right, with their place for error messages.
public struct Section: Sendable {
  /// What the section holds.
  public let type: SectionType
  /// Its bytes.
  public let bytes: [UInt8]
  /// Where they stand, in bytes from the start of the file.
  public let offset: UInt64
  /// The file.
  public let path: String

  /// Describes bytes that stand, or are to stand, at `offset` of the file at `path`.
  public init(type: SectionType, bytes: [UInt8], offset: UInt64, path: String) {
    self.type = type
    self.bytes = bytes
    self.offset = offset
    self.path = path
  }

  /// Reads the section from its beginning.
  public var reader: ByteReader {
    @_lifetime(borrow self)
    get {
      unsafe ByteReader(
        bytes.span.bytes, path: path, section: type.description, base: offset)
    }
  }
}
