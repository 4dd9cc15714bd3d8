import CacheFormat
import Testing

@Suite("What proves that a snapshot is a model's")
struct SnapshotIdentityTests {
  private let values = Identity(
    weights: Digest(of: [1]), architecture: Digest(of: [2]), rope: Digest(of: [3]),
    tokenizer: Digest(of: [4]))
  private let files = FileIdentity([.init(role: .weights, digest: Digest(of: [5]))])
  private let others = FileIdentity([.init(role: .weights, digest: Digest(of: [6]))])
  private var otherValues: Identity {
    var other = values
    other.rope = Digest(of: [7])
    return other
  }

  private func proof(
    _ snapshot: SnapshotIdentity, files: FileIdentity?, values: Identity?
  ) throws -> SnapshotIdentity.Proof? {
    try snapshot.proof(files: { files }, values: { values }, path: "f")
  }

  @Test("equal files prove it, and the values are then not asked for")
  func equalFiles() throws {
    let both = SnapshotIdentity(values: values, files: files)
    let found = try both.proof(
      files: { files },
      values: {
        Issue.record("the values were computed")
        return nil
      }, path: "f")
    #expect(found == .files)
  }

  @Test("other files prove nothing: then the values decide")
  func otherFiles() throws {
    let both = SnapshotIdentity(values: values, files: files)
    #expect(try proof(both, files: others, values: values) == .values)
    #expect(throws: IdentityMismatch.self) {
      try proof(both, files: others, values: otherValues)
    }
    #expect(try proof(both, files: others, values: nil) == nil)
  }

  @Test("with values alone or files alone, the other kind proves nothing")
  func oneKind() throws {
    let byValues = SnapshotIdentity(values: values)
    #expect(try proof(byValues, files: files, values: values) == .values)
    #expect(try proof(byValues, files: files, values: nil) == nil)
    let byFiles = SnapshotIdentity(values: nil, files: files)
    #expect(try proof(byFiles, files: files, values: values) == .files)
    #expect(try proof(byFiles, files: others, values: values) == nil)
    #expect(try proof(byFiles, files: nil, values: values) == nil)
  }

  @Test("files are listed in one order, whatever order they are found in, and once")
  func order() throws {
    let entries = [(4, 1), (1, 9), (1, 2), (2, 3), (1, 9)].map { role, byte in
      FileIdentity.Entry(
        role: .init(rawValue: UInt32(role)), digest: Digest([UInt8](repeating: byte, count: 32)))
    }
    let identity = try #require(FileIdentity(entries))
    #expect(identity == FileIdentity(entries.reversed()))
    #expect(identity.entries.map(\.role.rawValue) == [1, 1, 2, 4])
    #expect(FileIdentity([]) == nil)
    #expect(FileIdentity(entries + (0..<4093).map { _ in entries[0] }) == nil)
  }
}

@Suite("Numbers of the format that other programs may use")
struct RegistryTests {
  @Test("registered codecs keep their numbers, private ones are known as such, others are not")
  func codecs() {
    for number in UInt32(1)...11 { #expect(ElementCodec(rawValue: number)?.rawValue == number) }
    for number: UInt32 in [0, 12, 1 << 31 - 1] { #expect(ElementCodec(rawValue: number) == nil) }
    for number: UInt32 in [1 << 31, .max] {
      #expect(ElementCodec(rawValue: number) == .privateUse(number))
      #expect(ElementCodec.privateUse(number).rawValue == number)
    }
  }

  @Test("every scorer is one, since a reader needs only the order")
  func scorers() {
    for number: UInt32 in [0, 1, 9, 10, 1 << 31, .max] {
      #expect(ScorerID(rawValue: number).rawValue == number)
    }
    #expect(ScorerID(rawValue: 0) == .unranked)
    #expect(ScorerID(rawValue: 10) == .other(10))
    #expect(ScorerID(name: "unranked") == nil, "no method")
  }
}
