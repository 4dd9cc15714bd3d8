import ByteIO

/// Named texts for programs other than the writer's own (spec, section 3.4, `meta`).
public struct MetaEntries: Sendable, Equatable {
  /// A name and its text.
  public struct Entry: Sendable, Equatable {
    /// The reversed domain of its maker, then more: `org.example.title`.
    public let name: String
    /// Any text.
    public let value: String
  }

  /// Ascending by the names' bytes.
  public let entries: [Entry]

  /// No entries.
  public static let none = MetaEntries(entries: [])

  /// The greatest length of the section in bytes.
  static let limit: UInt64 = 1 << 20
  private static let maximumCount: UInt32 = 256
  private static let nameLengths: ClosedRange<UInt32> = 3...255

  private init(entries: [Entry]) { self.entries = entries }

  /// The bytes of the section; nil if there are no entries, and so no section.
  var encoded: [UInt8]? {
    guard !entries.isEmpty else { return nil }
    var writer = ByteWriter()
    writer.write(UInt32(entries.count))
    for entry in entries {
      writer.writeText(entry.name)
      writer.writeText(entry.value)
    }
    return writer.bytes
  }

  init(_ section: Section) throws(MalformedFile) {
    var reader = section.reader
    let count = try reader.readSize("entries", 1...Self.maximumCount)
    var (entries, names): ([Entry], [[UInt8]]) = ([], [])
    for _ in 0..<count {
      let name = try reader.readBytes(reader.readSize("bytes of a name", Self.nameLengths))
      guard Self.isName(name) else { throw reader.error("no name of the form org.example.title") }
      guard names.last.map({ $0.lexicographicallyPrecedes(name) }) ?? true else {
        throw reader.error("names that do not ascend")
      }
      let length = try reader.read(UInt32.self)
      guard let value = String(validating: try reader.readBytes(Int(length)), as: UTF8.self) else {
        throw reader.error("not UTF-8")
      }
      names.append(name)
      entries.append(Entry(name: String(decoding: name, as: UTF8.self), value: value))
    }
    try reader.expectEnd()
    self.entries = entries
  }

  private static func isName(_ bytes: [UInt8]) -> Bool {
    let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count > 1 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(isNameCharacter) }
  }

  private static func isNameCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}

extension ContainerReader {
  /// The named texts of the section `meta`; none if the file has no such section.
  ///
  /// - Throws: `MalformedFile` if it breaks a rule of section 3.4; `SystemError`.
  public func metaEntries() throws -> MetaEntries {
    try section(ifPresent: .meta, atMost: MetaEntries.limit).map { try MetaEntries($0) } ?? .none
  }
}
