public import ByteIO

/// An open file of the container. Header, directory and padding are checked when it is opened. Each
/// section is read and verified on demand.
public struct ContainerReader: Sendable {
  /// The file, which counts the bytes read.
  public let file: RandomAccessFile
  /// The first 64 bytes.
  public let header: FormatHeader
  /// Where the sections are.
  public let directory: Directory

  /// Where the file was opened.
  public var path: String { file.path }

  /// Opens the file at `path`, which must be of `kind` unless `kind` is nil.
  ///
  /// - Throws: `MalformedFile` if the bytes break a rule of section 2 of the specification or the
  ///   file is of another kind, `SystemError` if it cannot be read.
  public init(path: String, kind: FileKind? = nil) throws {
    file = try RandomAccessFile(path: path)
    let count = Int(min(file.size, UInt64(FormatHeader.byteCount)))
    let bytes = try file.read(at: 0, count: count, section: "header")
    header = try FormatHeader(bytes, path: path, realSize: file.size)
    if let kind, kind != header.kind {
      throw MalformedFile(
        path: path, section: "header", offset: 8,
        problem: "this is \(header.kind.name), not \(kind.name)")
    }
    let entries = try file.read(
      at: UInt64(FormatHeader.byteCount), count: header.sectionCount * Directory.entryByteCount,
      section: "directory")
    directory = try Directory(entries, header: header, path: path)
    try checkPadding()
  }

  /// Reads a section and verifies its checksum.
  ///
  /// - Parameter limit: The greatest length in bytes that the caller's format allows; a longer
  ///   section is rejected before anything is allocated.
  /// - Returns: The section, or nil if the file has none of that type. Required sections of the
  ///   file's kind always exist.
  /// - Throws: `MalformedFile` or `SystemError`.
  public func section(ifPresent type: SectionType, atMost limit: UInt64) throws -> Section? {
    guard let entry = directory[type] else { return nil }
    guard entry.length <= limit, let count = Int(exactly: entry.length) else {
      throw error(entry, "longer than it may be: \(entry.length) bytes")
    }
    // A long section is verified first, in pieces: a sparse file of gigabytes costs no memory.
    if entry.length > Self.heldUnverified { try verify(entry) }
    let bytes = try file.read(at: entry.offset, count: count, section: type.description)
    guard type == .data || Checksum.of(bytes) == entry.checksum else {
      throw mismatch(entry)
    }
    return Section(type: type, bytes: bytes, offset: entry.offset, path: path)
  }

  /// Reads a required section and verifies its checksum.
  ///
  /// - Parameter limit: The greatest length in bytes that the caller's format allows.
  /// - Throws: `MalformedFile` if it is missing, longer than `limit`, or damaged; `SystemError`.
  public func section(_ type: SectionType, atMost limit: UInt64 = .max) throws -> Section {
    guard let section = try section(ifPresent: type, atMost: limit) else {
      throw MalformedFile(path: path, section: "directory", problem: "no section \(type)")
    }
    return section
  }

  /// The greatest length of the section `prov` in bytes.
  static let provenanceLimit: UInt64 = 1 << 20

  /// The text of the section `prov`: JSON about the file's origin, `{}` if the file has none.
  ///
  /// - Throws: `MalformedFile` if it is longer than 1 MiB or not UTF-8; `SystemError`.
  public func provenance() throws -> String {
    guard let section = try section(ifPresent: .provenance, atMost: Self.provenanceLimit) else {
      return "{}"
    }
    guard let text = String(validating: section.bytes, as: UTF8.self) else {
      throw section.reader.error("not UTF-8")
    }
    return text
  }

  /// Reads every section but `DATA`, known or not, and verifies its checksum.
  ///
  /// - Throws: `MalformedFile` or `SystemError`.
  public func verifySections() throws {
    for entry in directory.entries { try verify(entry) }
  }

  /// The length of the longest section that is read into memory before its checksum is known.
  private static let heldUnverified: UInt64 = 1 << 24

  private func verify(_ entry: Directory.Entry) throws {
    guard entry.type != .data else { return }
    let checksum = try Checksum.of(
      file, at: entry.offset, count: entry.length, section: entry.type.description)
    guard checksum == entry.checksum else { throw mismatch(entry) }
  }

  private func checkPadding() throws {
    for gap in directory.gaps {
      let bytes = try file.read(
        at: gap.lowerBound, count: Int(gap.upperBound - gap.lowerBound), section: "padding")
      guard bytes.allSatisfy({ $0 == 0 }) else {
        throw MalformedFile(
          path: path, section: "padding", offset: gap.lowerBound, problem: "not zero")
      }
    }
  }

  private func mismatch(_ entry: Directory.Entry) -> MalformedFile {
    error(entry, "checksum mismatch; copy or write the file again")
  }

  private func error(_ entry: Directory.Entry, _ problem: String) -> MalformedFile {
    MalformedFile(
      path: path, section: entry.type.description, offset: entry.offset, problem: problem)
  }
}
