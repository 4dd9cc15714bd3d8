import ByteIO

/// The list of a file's sections, which follow each other without holes (spec, section 2.2).
///
/// ```
///  0     4    8        16       24        32
///  ┌─────┬────┬────────┬────────┬─────────┐
///  │type │  0 │ offset │ length │checksum │  once for each section
///  └─────┴────┴────────┴────────┴─────────┘
/// ```
public struct Directory: Sendable, Equatable {
  /// Where one section is.
  public struct Entry: Sendable, Equatable {
    /// What the section holds.
    public let type: SectionType
    /// Where it begins, in bytes from the start of the file; a multiple of 64.
    public let offset: UInt64
    /// Its length in bytes.
    public let length: UInt64
    /// The checksum of its bytes; 0 for `DATA` and `KEYS`, whose chunks and slots have their own.
    public let checksum: UInt64

    /// The first byte after the section.
    public var end: UInt64 { offset + length }
  }

  static let entryByteCount = 32
  private static let name = "directory"

  /// The sections in the order of the file.
  public let entries: [Entry]

  /// The entry of a section, or nil if the file has none of that type.
  public subscript(_ type: SectionType) -> Entry? { entries.first { $0.type == type } }

  /// The gaps between sections, whose bytes must be zero.
  var gaps: [Range<UInt64>] {
    var end = UInt64(FormatHeader.byteCount + entries.count * Self.entryByteCount)
    return entries.map { entry in
      defer { end = entry.end }
      return end..<entry.offset
    }
  }
}

extension Directory {
  /// Lays out sections after the header and the directory.
  init(lengths: [(type: SectionType, length: UInt64)], checksums: [SectionType: UInt64]) {
    var end = UInt64(FormatHeader.byteCount + lengths.count * Self.entryByteCount)
    entries = lengths.map { type, length in
      let offset = (end + 63) / 64 * 64
      end = offset + length
      return Entry(type: type, offset: offset, length: length, checksum: checksums[type] ?? 0)
    }
  }

  var encoded: [UInt8] {
    var writer = ByteWriter()
    for entry in entries {
      writer.write(entry.type.rawValue)
      writer.write(UInt32(0))
      writer.write(entry.offset)
      writer.write(entry.length)
      writer.write(entry.checksum)
    }
    return writer.bytes
  }

  init(_ bytes: [UInt8], header: FormatHeader, path: String) throws(MalformedFile) {
    var reader = unsafe ByteReader(
      bytes.span.bytes, path: path, section: Self.name, base: UInt64(FormatHeader.byteCount))
    guard Checksum.of(bytes) == header.directoryChecksum else {
      throw reader.error("checksum mismatch; copy or write the file again")
    }
    var entries: [Entry] = []
    var end = UInt64(FormatHeader.byteCount + bytes.count)
    for _ in 0..<header.sectionCount {
      let entry = try Self.entry(&reader, after: end, fileSize: header.fileSize)
      guard !entries.contains(where: { $0.type == entry.type }) else {
        throw reader.error("\(entry.type) occurs twice")
      }
      entries.append(entry)
      end = entry.end
    }
    try reader.expectEnd()
    guard end == header.fileSize else {
      throw reader.error("the last section ends at \(end), the file at \(header.fileSize)")
    }
    self.entries = entries
    try checkTypes(of: header.kind, path: path)
    guard header.isEncrypted ? entries[0].type == .keys : self[.keys] == nil else {
      throw error(path, 0, "the first section of an encrypted file is KEYS, and of no other")
    }
  }

  /// Reads one entry. Its section must begin at the first multiple of 64 after `end` and end in the
  /// file.
  private static func entry(
    _ reader: inout ByteReader, after end: UInt64, fileSize: UInt64
  ) throws(MalformedFile) -> Entry {
    guard let type = SectionType(rawValue: try reader.read()) else {
      throw reader.error("a section's type is not four letters")
    }
    try reader.expectZeros(4)
    let entry = Entry(
      type: type, offset: try reader.read(), length: try reader.read(), checksum: try reader.read())
    // `end` is within a file, so it is less than 2⁶³ and rounding it up cannot overflow.
    guard entry.offset == (end + 63) / 64 * 64 else {
      throw reader.error("\(type) begins at \(entry.offset), not right after the section before it")
    }
    guard entry.offset <= fileSize, entry.length <= fileSize - entry.offset else {
      throw reader.error("\(type) of \(entry.length) bytes reaches past the end of the file")
    }
    guard ![.data, .keys].contains(type) || entry.checksum == 0 else {
      throw reader.error("\(type) has a checksum of its own")
    }
    return entry
  }

  /// Rejects unknown required sections, missing ones, and known ones in another order.
  private func checkTypes(of kind: FileKind, path: String) throws(MalformedFile) {
    let known = kind.sections
    let types = entries.map(\.type)
    for (index, type) in types.enumerated() where type.isRequired && !known.contains(type) {
      throw error(path, index, "the section \(type) is unknown here; update")
    }
    for type in known
    where type.isRequired && !FileKind.rare.contains(type) && !types.contains(type) {
      throw error(path, 0, "\(kind.name) without a section \(type)")
    }
    guard types.filter(known.contains) == known.filter(types.contains),
      !types.contains(.data) || types.last == .data
    else {
      throw error(path, 0, "the sections are in another order than the format's")
    }
  }

  private func error(_ path: String, _ index: Int, _ problem: String) -> MalformedFile {
    let offset = UInt64(FormatHeader.byteCount + index * Self.entryByteCount)
    return MalformedFile(path: path, section: Self.name, offset: offset, problem: problem)
  }
}
