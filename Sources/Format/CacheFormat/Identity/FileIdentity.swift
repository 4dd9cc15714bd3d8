import ByteIO

/// The files of a model, by their digests (spec, section 3.3, `FILE`).
public struct FileIdentity: Sendable, Equatable {
  /// What a file of a model is.
  public struct Role: RawRepresentable, Hashable, Sendable {
    /// The number in the file.
    public let rawValue: UInt32

    /// The role of a number; every number is one.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A GGUF, a part of one, or one `*.safetensors`.
    public static let weights = Role(rawValue: 1)
    /// `config.json`
    public static let config = Role(rawValue: 2)
    /// `tokenizer.json`
    public static let tokenizer = Role(rawValue: 3)
    /// `tokenizer_config.json`
    public static let tokenizerConfig = Role(rawValue: 4)
  }

  /// One file.
  public struct Entry: Sendable, Equatable {
    /// What it is.
    public let role: Role
    /// The SHA-256 of the whole file.
    public let digest: Digest

    /// Describes a file.
    public init(role: Role, digest: Digest) { (self.role, self.digest) = (role, digest) }

    /// Whether it comes before another one in the section.
    static func precedes(_ a: Entry, _ b: Entry) -> Bool {
      a.role == b.role
        ? a.digest.bytes.lexicographicallyPrecedes(b.digest.bytes)
        : a.role.rawValue < b.role.rawValue
    }
  }

  /// Ascending, without doubles.
  public let entries: [Entry]

  private static let maximumCount: UInt32 = 4096
  private static let entryByteCount = 40
  /// The greatest length of the section in bytes.
  static let limit = 4 + UInt64(entryByteCount) * UInt64(maximumCount)

  /// The identity of a model with these files, in any order; nil if they are more than the format
  /// can name.
  public init?(_ files: [Entry]) {
    guard 1...Int(Self.maximumCount) ~= files.count else { return nil }
    var entries: [Entry] = []
    for file in files.sorted(by: Entry.precedes) where file != entries.last { entries.append(file) }
    self.entries = entries
  }

  var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.write(UInt32(clamping: entries.count))
    for entry in entries {
      writer.write(entry.role.rawValue)
      writer.write(UInt32(0))
      writer.write(entry.digest.bytes)
    }
    return writer.bytes
  }

  init(_ section: Section) throws(MalformedFile) {
    var reader = section.reader
    let count = try reader.readSize("files", 1...Self.maximumCount)
    var entries: [Entry] = []
    for _ in 0..<count {
      let role = Role(rawValue: try reader.read())
      try reader.expectZeros(4)
      let entry = Entry(role: role, digest: Digest(try reader.readBytes(Digest.byteCount)))
      guard entries.last.map({ Entry.precedes($0, entry) }) ?? true else {
        throw reader.error("files that do not ascend")
      }
      entries.append(entry)
    }
    try reader.expectEnd()
    guard entries.contains(where: { $0.role == .weights }) else {
      throw section.reader.error("no file of weights")
    }
    self.entries = entries
  }
}
