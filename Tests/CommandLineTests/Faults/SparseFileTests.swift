import Foundation
import TestSupport
import Testing

@Suite("Files of many gigabytes that take no space, and what they say about their size")
struct SparseFileTests {
  private let tiny: TinyFiles
  private let folder: ScratchFolder

  init() throws {
    tiny = try TinyFiles.shared.get()
    folder = try ScratchFolder()
  }

  private static let gibibyte: UInt64 = 1 << 30

  /// What the command holds in addition to the file's data: code, libraries, and a small model.
  private static let room = 64 << 20

  private func reject(_ arguments: [String], part: String, room: Int = room) throws {
    let (result, peak) = try Command.measure(arguments)
    #expect(result.status == 65 && result.error.contains(part), "\(result.error)")
    #expect(peak < room, "\(peak) bytes")
  }

  @Test("a header that lies, both ways: 65 by the header alone")
  func lyingHeader() throws {
    let valid = try bytes(of: tiny.snapshot)
    let long = try folder.write("long.kvsnap", valid)
    try setLength(of: long, to: 64 * Self.gibibyte)
    var container = RawContainer(kind: "SNAP", sections: try sections(of: tiny.snapshot))
    container.fileSize = 64 * Self.gibibyte
    let short = try folder.write("short.kvsnap", container.bytes)
    for path in [long, short] {
      try reject(["verify", path], part: "header")
      try reject(["inspect", path], part: "header")
      try reject(["resume", path, "--model", tiny.model, "--prompt", "x"], part: "header")
    }
  }

  @Test("a true header before 64 GiB of chunks that the table does not have: 65 by the table")
  func chunks() throws {
    let path = try sparse(tiny.snapshot, growing: "DATA", to: 64 * Self.gibibyte)
    try reject(["inspect", path], part: "CHNK")
    try reject(["resume", path, "--model", tiny.model, "--prompt", "x"], part: "CHNK")
  }

  @Test("a true header before gigabytes of token ids or filters: no memory until they are verified")
  func sections() throws {
    let count = 2 * Self.gibibyte / 4
    let tokens = try sparse(tiny.snapshot, growing: "TOKN", to: 2 * Self.gibibyte) { sections in
      guard let context = sections.firstIndex(where: { $0.type == "CONT" }) else { return }
      let number = RawContainer.field(count)
      sections[context].bytes.replaceSubrange(16..<32, with: number + number)
    }
    try reject(["inspect", tokens], part: "TOKN")
    let filters = try sparse(tiny.filters, growing: "FILT", to: 2 * Self.gibibyte)
    try reject(["inspect", filters], part: "FILT")
    try reject(["verify", filters], part: "FILT")
  }

  @Test("a model that 64 GiB of nothing follow runs as it would without them")
  func longModel() throws {
    let path = try folder.write("long.gguf", try bytes(of: tiny.model))
    try setLength(of: path, to: 64 * Self.gibibyte)
    let (result, peak) = try Command.measure(["generate", "--model", path, "--prompt", "x"])
    #expect(result.status == 0, "\(result.error)")
    #expect(peak < 2 * Self.room)
  }

  @Test(
    "a model whose text or list claims 120 MiB, or gigabytes that are there: 65, in bounded memory")
  func hugeMetadata() throws {
    let values = [UInt64(120) << 20, 32 * Self.gibibyte].flatMap { size in
      [
        ("text", RawContainer.field(UInt32(8)) + RawContainer.field(size)),
        ("texts", list(of: 8, size / 8)), ("bytes", list(of: 0, size)),
        ("numbers", list(of: 4, size / 4)),
      ]
    }
    for (name, value) in values {
      let key = Array("tokenizer.ggml.tokens".utf8)
      var model = Array("GGUF".utf8) + RawContainer.field(UInt32(3))
      model += RawContainer.field(UInt64(0)) + RawContainer.field(UInt64(1))
      model += RawContainer.field(UInt64(key.count)) + key + value
      let path = try folder.write(name + ".gguf", model)
      try setLength(of: path, to: 64 * Self.gibibyte)
      try reject(["generate", "--model", path, "--prompt", "x"], part: path, room: 512 << 20)
    }
  }

  /// A list's type, and the type and number of what is in it.
  private func list(of type: UInt32, _ count: UInt64) -> [UInt8] {
    RawContainer.field(UInt32(9)) + RawContainer.field(type) + RawContainer.field(count)
  }

  private func sections(of path: String) throws -> [(type: String, bytes: [UInt8])] {
    let whole = try bytes(of: path)
    return try Directory.read(whole).map {
      (type: $0.name, bytes: Array(whole[$0.offset..<$0.offset + $0.length]))
    }
  }

  /// A container like that at `path`, with a hole of `length` bytes in place of a section. Header
  /// and directory tell the truth; the section's checksum is that of no bytes.
  private func sparse(
    _ path: String, growing type: String, to length: UInt64,
    change: (inout [(type: String, bytes: [UInt8])]) -> Void = { _ in }
  ) throws -> String {
    var sections = try sections(of: path)
    change(&sections)
    let index = try #require(sections.firstIndex { $0.type == type })
    sections[index].bytes = []
    var container = RawContainer(kind: type == "FILT" ? "FILT" : "SNAP", sections: sections)
    let start = Int(container.entries[index].offset)
    container.entries[index].length = length
    for later in container.entries.indices.dropFirst(index + 1) {
      container.entries[later].offset += length
    }
    container.fileSize = UInt64(container.bytes.count) + length
    let whole = container.bytes
    let sparse = try folder.write("sparse", whole.prefix(start))
    let file = try #require(FileHandle(forWritingAtPath: sparse))
    try file.truncate(atOffset: UInt64(start) + length)
    try file.seekToEnd()
    try file.write(contentsOf: Data(whole.dropFirst(start)))
    return sparse
  }
}
