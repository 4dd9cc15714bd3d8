public import ByteIO

/// A section's verified bytes, with their place for error messages.
public struct Section: Sendable {
  /// What the section holds.
  public let type: SectionType
  /// Its bytes.
  public let bytes: [UInt8]
  /// Their offset in bytes from the start of the file.
  public let offset: UInt64
  /// The file.
  public let path: String

  /// Describes bytes at `offset` of the file at `path`, which may be yet to be written.
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
