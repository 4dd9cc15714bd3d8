import ByteIO
import CacheFormat
import TestSupport
import Testing

/// Which headers are accepted. All checksums are right unless the test is about them.
@Suite struct HeaderTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  @Test func opensAFileThatFollowsTheSpecification() throws {
    let container = try open(SampleContainer.filterBank)
    #expect(container.header.kind == .filterBank && container.header.version == 1)
    #expect(container.directory.entries.map(\.type) == [.identity, .filters, .provenance])
    #expect(try container.section(.filters).bytes == SampleContainer.filters)
    #expect(try container.provenance() == "{}")
  }

  @Test func callsAForeignFileForeign() throws {
    let problem = "not a file of this format"
    try reject("header", 0, problem) { $0.magic = Array("GGUF\u{3}\0\0\0".utf8) }
    // Text transfer turns CR LF into LF; the magic then no longer fits.
    try reject("header", 0, problem) { $0.magic[4] = 0x0A }
  }

  @Test func callsADamagedHeaderDamagedBeforeAnythingElse() throws {
    for position in 8..<64 {
      var bytes = SampleContainer.filterBank.bytes
      bytes[position] ^= 0xFF
      let error = try #require(rejection(of: bytes))
      #expect(error.section == "header" && error.problem.contains("checksum mismatch"))
    }
  }

  @Test func asksForAnUpdateWhenTheFileIsNewer() throws {
    try reject("header", 14, "needs a reader of version 2") {
      $0.version = 2
      $0.oldestReader = 2
      $0.kind = "NEWK"
    }
    try reject("header", 16, "features that are unknown here") { $0.requiredFeatures = 1 << 63 }
  }

  @Test func readsANewerFileThatOldReadersMayRead() throws {
    var container = SampleContainer.filterBank
    container.version = 3
    container.optionalFeatures = .max
    #expect(try open(container).header.version == 3)
  }

  @Test func rejectsImpossibleVersions() throws {
    try reject("header", 12, "impossible versions") { $0.oldestReader = 0 }
    try reject("header", 12, "impossible versions") { $0.version = 0 }
  }

  @Test func rejectsAnUnknownKindAndAnotherKind() throws {
    try reject("header", 8, "an unknown kind") { $0.kind = "filt" }
    let path = try folder.write("a", SampleContainer.filterBank.bytes)
    let error = #expect(throws: MalformedFile.self) {
      _ = try ContainerReader(path: path, kind: .snapshot)
    }
    #expect(error?.problem == "this is a filter bank, not a snapshot")
  }

  @Test func rejectsAnotherSizeThanTheHeaderSays() throws {
    try reject("header", 32, "the file should have") { $0.fileSize = 1 << 40 }
    let bytes = SampleContainer.filterBank.bytes
    #expect(rejection(of: bytes + [0])?.section == "header")
    #expect(rejection(of: [])?.section == "header")
  }

  @Test func rejectsImpossibleSectionCountsAndReservedValues() throws {
    for count in [0, 65, .max] as [UInt32] {
      try reject("header", 40, "an impossible number of sections") { $0.sectionCount = count }
    }
    try reject("header", 44, "reserved") { $0.reserved = 1 }
    // More entries than fit the file.
    try reject("directory", 64, "the file ends before") { $0.sectionCount = 64 }
  }

  private func open(_ container: RawContainer) throws -> ContainerReader {
    try ContainerReader(path: folder.write("a", container.bytes))
  }

  private func rejection(of bytes: [UInt8]) -> MalformedFile? {
    #expect(throws: MalformedFile.self) {
      _ = try ContainerReader(path: folder.write("a", bytes))
    }
  }

  private func reject(
    _ section: String, _ offset: UInt64, _ problem: String,
    change: (inout RawContainer) -> Void
  ) throws {
    var container = SampleContainer.filterBank
    change(&container)
    let error = try #require(rejection(of: container.bytes))
    #expect(error.section == section && error.offset == offset)
    #expect(error.problem.contains(problem), "\(error)")
  }
}
