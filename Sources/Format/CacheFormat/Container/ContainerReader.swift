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

  /// The keys of an encrypted file.
  let keys: KeyTable?
  /// The key slots that are in use; nil if the file is not encrypted.
  public var keySlots: [KeySlot]? { keys?.slots.compactMap(\.self) }
  /// What decrypts it; nil if it is not encrypted, or was opened without keys.
  public let cipher: UnitCipher?

  /// How much longer an encrypted file's sections, chunks and blocks are.
  public var overhead: Int { keys == nil ? 0 : UnitCipher.overhead }

  /// Where the file was opened; an address without its query.
  public var path: String { file.path }

  /// Opens a file.
  ///
  /// - Parameters:
  ///   - path: The file, or an address that begins with `https://` or `http://`.
  ///   - kind: What it must be; nil for any kind.
  ///   - ring: The keys for an encrypted file. Without them, only its header, its directory and its
  ///     key slots can be read.
  /// - Throws: `MalformedFile` if the bytes break a rule of section 2 of the specification or the
  ///   file is of another kind, `KeyProblem` if no key opens it, `SystemError` if it cannot
  ///   be read, `RemoteFileError` if it cannot be read from its server.
  public init(path: String, kind: FileKind? = nil, keys ring: KeyRing? = nil) throws {
    try self.init(path: path, kind: kind, keys: ring, acceptsDamagedSlots: false)
  }

  /// Opens a file whose key slots may break rules.
  init(path: String, kind: FileKind?, keys ring: KeyRing?, acceptsDamagedSlots: Bool) throws {
    file = try RandomAccessFile(location: path)
    let path = file.path
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
    let directory = try Directory(entries, header: header, path: path)
    self.directory = directory
    try Self.checkPadding(directory, of: file)
    let keys = try directory[.keys].map { [file] in
      try KeyTable(
        Self.bytes(of: $0, atMost: KeyTable.limit, in: file), acceptsDamage: acceptsDamagedSlots)
    }
    self.keys = keys
    cipher = try keys.flatMap { keys in
      try ring.map { try Self.cipher(keys, head: bytes + entries, ring: $0, path: path) }
    }
  }

  /// What decrypts the file, once header and directory are known to be authentic.
  private static func cipher(
    _ keys: KeyTable, head: [UInt8], ring: KeyRing, path: String
  ) throws -> UnitCipher {
    let cipher = try ring.open(keys, path: path).cipher
    guard cipher.seal(ofHead: head) == keys.seal else {
      throw MalformedFile(
        path: path, section: "KEYS", problem: "not authentic: header or directory were changed")
    }
    return cipher
  }

  /// Reads a section and verifies its checksum.
  ///
  /// - Parameters:
  ///   - type: What the section holds.
  ///   - limit: The greatest length in bytes that the caller's format allows; a longer section is
  ///     rejected before anything is allocated.
  /// - Returns: The section, or nil if the file has none of that type. Required sections of the
  ///   file's kind always exist.
  /// - Throws: `MalformedFile` or `SystemError`.
  public func section(ifPresent type: SectionType, atMost limit: UInt64) throws -> Section? {
    guard let index = directory.entries.firstIndex(where: { $0.type == type }) else { return nil }
    let section = try Self.bytes(
      of: directory.entries[index], atMost: limit == .max ? limit : limit + UInt64(overhead),
      in: file)
    guard keys != nil else { return section }
    return try decrypted(section, .section(index))
  }

  private func decrypted(_ section: Section, _ unit: UnitCipher.Unit) throws -> Section {
    guard let cipher else { throw KeyProblem(path: path, kind: .missing) }
    var bytes = section.bytes
    guard cipher.open(&bytes, count: bytes.count, unit) else {
      throw section.reader.error(Self.notAuthentic)
    }
    bytes.removeLast(UnitCipher.overhead)
    return Section(type: section.type, bytes: bytes, offset: section.offset, path: path)
  }

  /// The problem of a part whose checksum is right and whose tag is not.
  package static let notAuthentic = "not authentic: somebody changed it who can compute checksums"

  /// A section's stored bytes, which have the checksum that the directory says.
  private static func bytes(
    of entry: Directory.Entry, atMost limit: UInt64, in file: RandomAccessFile
  ) throws -> Section {
    guard entry.length <= limit, let count = Int(exactly: entry.length) else {
      throw error(entry, "longer than it may be: \(entry.length) bytes", file)
    }
    // A long section is verified first, in pieces: a sparse file of gigabytes costs no memory.
    if entry.length > heldUnverified { try verify(entry, of: file) }
    let type = entry.type
    let bytes = try file.read(at: entry.offset, count: count, section: type.description)
    guard [.data, .keys].contains(type) || Checksum.of(bytes) == entry.checksum else {
      throw mismatch(entry, file)
    }
    return Section(type: type, bytes: bytes, offset: entry.offset, path: file.path)
  }

  /// Reads a required section and verifies its checksum.
  ///
  /// - Parameters:
  ///   - type: What the section holds.
  ///   - limit: The greatest length in bytes that the caller's format allows.
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

  /// Reads every section but `DATA`, known or not, and verifies its checksum, and in an encrypted
  /// file its tag.
  ///
  /// - Throws: `MalformedFile`, `KeyProblem` or `SystemError`.
  public func verifySections() throws {
    for entry in directory.entries where ![.data, .keys].contains(entry.type) {
      if keys == nil {
        try Self.verify(entry, of: file)
      } else {
        _ = try section(entry.type)
      }
    }
  }

  /// The length of the longest section that is read into memory before its checksum is known.
  private static let heldUnverified: UInt64 = 1 << 24

  private static func verify(_ entry: Directory.Entry, of file: RandomAccessFile) throws {
    let checksum = try Checksum.of(
      file, at: entry.offset, count: entry.length, section: entry.type.description)
    guard checksum == entry.checksum else { throw mismatch(entry, file) }
  }

  private static func checkPadding(_ directory: Directory, of file: RandomAccessFile) throws {
    for gap in directory.gaps {
      let bytes = try file.read(
        at: gap.lowerBound, count: Int(gap.upperBound - gap.lowerBound), section: "padding")
      guard bytes.allSatisfy({ $0 == 0 }) else {
        throw MalformedFile(
          path: file.path, section: "padding", offset: gap.lowerBound, problem: "not zero")
      }
    }
  }

  private static func mismatch(_ entry: Directory.Entry, _ file: RandomAccessFile) -> MalformedFile
  {
    error(entry, "checksum mismatch; copy or write the file again", file)
  }

  private static func error(
    _ entry: Directory.Entry, _ problem: String, _ file: RandomAccessFile
  ) -> MalformedFile {
    MalformedFile(
      path: file.path, section: entry.type.description, offset: entry.offset, problem: problem)
  }
}
