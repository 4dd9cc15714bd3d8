public import ByteIO

/// Writes a file of the container, which appears at its path whole or not at all.
///
/// Sections of known length are written in any order, each once. A last section `DATA` may grow. A
/// writer that is released before `finish` leaves no file.
public struct ContainerWriter: ~Copyable {
  private let file: AtomicFile
  private let kind: FileKind
  private var lengths: [(type: SectionType, length: UInt64)]
  private let offsets: [SectionType: UInt64]
  private var checksums: [SectionType: UInt64] = [:]
  /// What encrypts sections, chunks and blocks, and the slots with its key; nil for a plain file.
  private let encryption: (cipher: UnitCipher, slots: [KeySlot])?

  /// Begins a file.
  ///
  /// - Parameters:
  ///   - path: Where the file will appear.
  ///   - kind: What it holds.
  ///   - sections: Its sections in order with their lengths in bytes. A last section `DATA` begins
  ///     with length 0 and grows.
  ///   - secrets: Whose keys open the file; none for a file that is not encrypted.
  /// - Throws: `SystemError` if no file can be created there.
  public init(
    path: String, kind: FileKind, sections: [(type: SectionType, length: UInt64)],
    secrets: [Secret] = []
  ) throws(SystemError) {
    file = try AtomicFile(path: path)
    self.kind = kind
    lengths = sections
    if secrets.isEmpty {
      encryption = nil
    } else {
      let cipher = UnitCipher()
      encryption = (cipher, secrets.map { KeySlot(cipher.dataKey, for: $0) })
      lengths = lengths.map {
        $0.type == .data ? $0 : ($0.type, $0.length + UInt64(UnitCipher.overhead))
      }
      lengths.insert(
        (.keys, UInt64(KeyTable.byteCount(slots: KeyTable.usualSlots))), at: 0)
    }
    let layout = Directory(lengths: lengths, checksums: [:])
    offsets = Dictionary(uniqueKeysWithValues: layout.entries.map { ($0.type, $0.offset) })
  }

  private func offset(of type: SectionType) -> UInt64 { offsets[type] ?? 0 }

  /// Writes a whole section, which must have the length given to `init`.
  ///
  /// - Throws: `SystemError`, for example when the disk is full.
  public mutating func write(_ bytes: [UInt8], to type: SectionType) throws(SystemError) {
    guard let index = lengths.firstIndex(where: { $0.type == type }) else {
      preconditionFailure("a section that was not announced")
    }
    let stored = encryption?.cipher.seal(bytes, .section(index)) ?? bytes
    precondition(
      lengths[index].length == UInt64(stored.count), "a section of another length than announced")
    try file.write(stored, at: offset(of: type))
    checksums[type] = Checksum.of(stored)
  }

  /// The stored bytes of a chunk or block.
  package func sealed(_ bytes: [UInt8], _ unit: UnitCipher.Unit) -> [UInt8] {
    encryption?.cipher.seal(bytes, unit) ?? bytes
  }

  /// How much longer a chunk or block becomes.
  package var overhead: Int { encryption == nil ? 0 : UnitCipher.overhead }

  /// Appends to `DATA`, the last section.
  ///
  /// - Throws: `SystemError`, for example when the disk is full.
  public mutating func append(_ bytes: [UInt8]) throws(SystemError) {
    precondition(lengths.last?.type == .data, "only DATA grows")
    try file.write(bytes, at: offset(of: .data) + lengths[lengths.count - 1].length)
    lengths[lengths.count - 1].length += UInt64(bytes.count)
  }

  /// Writes directory and header and makes the file appear at its path, durably.
  ///
  /// - Returns: The file's size in bytes.
  /// - Throws: `SystemError`; the path then holds what it held before.
  public consuming func finish() throws(SystemError) -> UInt64 {
    let directory = Directory(lengths: lengths, checksums: checksums)
    let entries = directory.encoded
    let size = directory.entries.last?.end ?? 0
    let header = FormatHeader(
      kind: kind, isEncrypted: encryption != nil, fileSize: size,
      sectionCount: directory.entries.count, directoryChecksum: Checksum.of(entries))
    let head = header.encoded + entries
    try file.write(head, at: 0)
    if let (cipher, slots) = encryption {
      let table = KeyTable(seal: cipher.seal(ofHead: head), slots: slots)
      try file.write(table.encoded, at: offset(of: .keys))
    }
    try file.commit()
    return size
  }
}

extension ContainerWriter {
  /// Writes a whole file of given sections, with the provenance last.
  ///
  /// - Returns: The file's size in bytes.
  /// - Throws: `MalformedFile` if the provenance is longer than a reader allows, `SystemError`.
  public static func write(
    _ sections: [(type: SectionType, bytes: [UInt8])], provenance: String, kind: FileKind,
    path: String
  ) throws -> UInt64 {
    try check(provenance: provenance, path: path)
    let sections = sections + [(.provenance, [UInt8](provenance.utf8))]
    var container = try ContainerWriter(
      path: path, kind: kind, sections: sections.map { ($0.type, UInt64($0.bytes.count)) })
    for section in sections { try container.write(section.bytes, to: section.type) }
    return try container.finish()
  }

  /// Rejects provenance that a reader would reject.
  static func check(provenance: String, path: String) throws(MalformedFile) {
    guard provenance.utf8.count <= ContainerReader.provenanceLimit else {
      throw MalformedFile(path: path, section: "prov", problem: "longer than 1 MiB")
    }
  }
}
