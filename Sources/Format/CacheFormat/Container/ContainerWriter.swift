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

  /// Begins a file.
  ///
  /// - Parameters:
  ///   - path: Where the file will appear.
  ///   - kind: What it holds.
  ///   - sections: Its sections in order with their lengths in bytes. A last section `DATA` begins
  ///     with length 0 and grows.
  /// - Throws: `SystemError` if no file can be created there.
  public init(
    path: String, kind: FileKind, sections: [(type: SectionType, length: UInt64)]
  ) throws(SystemError) {
    file = try AtomicFile(path: path)
    self.kind = kind
    lengths = sections
    let layout = Directory(lengths: sections, checksums: [:])
    offsets = Dictionary(uniqueKeysWithValues: layout.entries.map { ($0.type, $0.offset) })
  }

  private func offset(of type: SectionType) -> UInt64 { offsets[type] ?? 0 }

  /// Writes a whole section, which must have the length given to `init`.
  ///
  /// - Throws: `SystemError`, for example when the disk is full.
  public mutating func write(_ bytes: [UInt8], to type: SectionType) throws(SystemError) {
    precondition(
      lengths.contains { $0.type == type && $0.length == UInt64(bytes.count) },
      "a section of another length than announced")
    try file.write(bytes, at: offset(of: type))
    checksums[type] = Checksum.of(bytes)
  }

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
      kind: kind, fileSize: size, sectionCount: directory.entries.count,
      directoryChecksum: Checksum.of(entries))
    try file.write(header.encoded + entries, at: 0)
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
