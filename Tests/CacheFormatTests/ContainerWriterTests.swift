import ByteIO
import CacheFormat
import TestSupport
import Testing

/// Writing containers, and all ways to damage one.
@Suite struct ContainerWriterTests {
  private let folder: ScratchFolder
  private let sections: [(type: SectionType, bytes: [UInt8])] = [
    (.identity, SampleContainer.identity), (.filters, SampleContainer.filters),
    (.provenance, Array("{}".utf8)),
  ]

  init() throws { folder = try ScratchFolder() }

  @Test func writesWhatTheSpecificationSays() throws {
    let size = try write(sections)
    #expect(try bytes(of: folder.path("a")) == SampleContainer.filterBank.bytes)
    #expect(size == UInt64(SampleContainer.filterBank.bytes.count))
  }

  @Test func writesTheSameWhateverTheOrderOfWriting() throws {
    _ = try write(sections.reversed(), announced: sections)
    #expect(try bytes(of: folder.path("a")) == SampleContainer.filterBank.bytes)
  }

  @Test func growsTheLastSectionAsItIsAppendedTo() throws {
    let types: [SectionType] = [.identity, .context, .tokens, .tiers, .chunks, .data]
    var writer = try ContainerWriter(
      path: folder.path("a"), kind: .snapshot,
      sections: types.map { ($0, $0 == .data ? 0 : 8) })
    try writer.append([1, 2, 3])
    for type in types.dropLast() { try writer.write([UInt8](repeating: 5, count: 8), to: type) }
    try writer.append([4])
    _ = try writer.finish()
    let container = try ContainerReader(path: folder.path("a"), kind: .snapshot)
    #expect(try container.section(.data).bytes == [1, 2, 3, 4])
    try container.verifySections()
  }

  @Test func leavesTheOldFileWhenItIsDropped() throws {
    _ = try folder.write("a", [1])
    do {
      var writer = try ContainerWriter(
        path: folder.path("a"), kind: .filterBank, sections: [(.identity, 128)])
      try writer.write(SampleContainer.identity, to: .identity)
    }
    #expect(try bytes(of: folder.path("a")) == [1])
    #expect(folder.contents == ["a"])
  }

  @Test func everyFlippedByteIsRejectedByTheNameOfItsSection() throws {
    let bytes = SampleContainer.filterBank.bytes
    for position in bytes.indices {
      for mask in [0x01, 0x20, 0x80, 0xFF] as [UInt8] {
        var damaged = bytes
        damaged[position] ^= mask
        let error = try #require(rejection(of: damaged), "byte \(position)")
        #expect(error.section == section(of: position), "byte \(position)")
      }
    }
  }

  @Test func everyTruncationIsRejected() throws {
    let bytes = SampleContainer.filterBank.bytes
    for count in bytes.indices {
      #expect(try #require(rejection(of: Array(bytes[..<count]))).section == "header")
    }
  }

  private func write(
    _ sections: [(type: SectionType, bytes: [UInt8])],
    announced: [(type: SectionType, bytes: [UInt8])]? = nil
  ) throws -> UInt64 {
    var writer = try ContainerWriter(
      path: folder.path("a"), kind: .filterBank,
      sections: (announced ?? sections).map { ($0.type, UInt64($0.bytes.count)) })
    for section in sections { try writer.write(section.bytes, to: section.type) }
    return try writer.finish()
  }

  private func rejection(of bytes: [UInt8]) -> MalformedFile? {
    #expect(throws: MalformedFile.self) {
      try ContainerReader(path: folder.write("b", bytes), kind: .filterBank).verifySections()
    }
  }

  private func section(of position: Int) -> String {
    let entries = SampleContainer.filterBank.entries
    if position < 64 { return "header" }
    if position < 64 + 32 * entries.count { return "directory" }
    return entries.first { $0.offset..<$0.offset + $0.length ~= UInt64(position) }?.type
      ?? "padding"
  }
}
