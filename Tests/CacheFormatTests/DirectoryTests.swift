import ByteIO
import CacheFormat
import TestSupport
import Testing

/// Which directories are accepted. All checksums are right unless the test is about them.
@Suite struct DirectoryTests {
  private typealias Sections = [(type: String, bytes: [UInt8])]
  private let folder: ScratchFolder
  private let known: Sections = [
    ("IDEN", SampleContainer.identity), ("FILT", SampleContainer.filters),
  ]

  init() throws { folder = try ScratchFolder() }

  @Test func rejectsHolesOverlapsAndSectionsOutsideTheFile() throws {
    try reject("not right after the section before it") { $0.entries[1].offset += 64 }
    try reject("not right after the section before it") { $0.entries[1].offset -= 64 }
    try reject("not right after the section before it") { $0.entries[0].offset = .max }
    try reject("not right after the section before it") { $0.entries[0].length -= 64 }
    try reject("reaches past the end") { $0.entries[2].length += 1 }
    try reject("reaches past the end") { $0.entries[1].length = .max }
    try reject("reaches past the end") { $0.entries[0].length = .max - 255 }
    try reject("the last section ends at") { $0.rest += [0] }
    try reject("the last section ends at") { $0.entries[2].length -= 1 }
  }

  @Test func rejectsImpossibleEntries() throws {
    try reject("a section's type is not four letters") { $0.entries[2].type = "pro0" }
    try reject("a section's type is not four letters") { $0.entries[2].type = "\0\0\0\0" }
    try reject("reserved") { $0.entries[1].reserved = 1 }
    try reject("IDEN occurs twice") { $0.entries[1].type = "IDEN" }
  }

  @Test func rejectsAnUnknownSectionThatIsNeeded() throws {
    try reject("the section NEWS is unknown here; update", known + [("NEWS", [1])])
    // Known, but in another kind of file.
    try reject("the section TOKN is unknown here; update", known + [("TOKN", [1])])
  }

  @Test func ignoresAnUnknownSectionThatIsNot() throws {
    for index in 0...2 {
      var sections = known
      sections.insert(("nEWS", [1, 2, 3]), at: index)
      let container = try open(RawContainer(kind: "FILT", sections: sections))
      try container.verifySections()
      #expect(try container.section(.filters).bytes == SampleContainer.filters)
      // There is no provenance either, which is not required.
      #expect(try container.provenance() == "{}")
    }
  }

  @Test func verifiesTheChecksumOfAnUnknownSection() throws {
    var raw = RawContainer(kind: "FILT", sections: known + [("nEWS", [1, 2, 3])])
    raw.rest[raw.rest.count - 1] = 4
    let container = try open(raw)
    let error = #expect(throws: MalformedFile.self) { try container.verifySections() }
    #expect(error?.section == "nEWS")
  }

  @Test func rejectsMissingSectionsAndAnotherOrder() throws {
    try reject("a filter bank without a section FILT", [known[0]])
    try reject("another order", [known[1], known[0]])
    try reject("another order", [known[0], ("prov", Array("{}".utf8)), known[1]])
  }

  @Test func rejectsDataThatIsNotLastOrHasItsOwnChecksum() throws {
    let types = ["IDEN", "CONT", "TOKN", "TIER", "CHNK", "DATA"]
    let sections = types.map { (type: $0, bytes: [UInt8](repeating: 1, count: 8)) }
    _ = try open(RawContainer(kind: "SNAP", sections: sections))
    try reject("another order", kind: "SNAP", sections + [("nEWS", [1])])
    try reject("DATA has a checksum of its own", kind: "SNAP", sections) {
      $0.entries[5].checksum = 1
    }
  }

  @Test func rejectsASectionLongerThanItsReaderAllows() throws {
    let container = try open(SampleContainer.filterBank)
    let before = container.file.bytesRead
    let error = #expect(throws: MalformedFile.self) {
      try container.section(.identity, atMost: 127)
    }
    #expect(error?.section == "IDEN" && error?.offset == container.directory[.identity]?.offset)
    #expect(container.file.bytesRead == before)
  }

  @Test func rejectsProvenanceThatIsNoTextOrTooLong() throws {
    for bytes in [[0xFF], [UInt8](repeating: 0x20, count: 1 << 20 + 1)] as [[UInt8]] {
      let container = try open(RawContainer(kind: "FILT", sections: known + [("prov", bytes)]))
      let error = #expect(throws: MalformedFile.self) { try container.provenance() }
      #expect(error?.section == "prov")
    }
  }

  private func open(_ container: RawContainer) throws -> ContainerReader {
    try ContainerReader(path: folder.write("a", container.bytes))
  }

  private func reject(
    _ problem: String, kind: String = "FILT", _ sections: Sections? = nil,
    change: (inout RawContainer) -> Void = { _ in }
  ) throws {
    var container =
      sections.map { RawContainer(kind: kind, sections: $0) } ?? SampleContainer.filterBank
    change(&container)
    let error = try #require(throws: MalformedFile.self) { _ = try open(container) }
    #expect(error.section == "directory" && error.problem.contains(problem), "\(error)")
  }
}
