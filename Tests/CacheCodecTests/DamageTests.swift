import ByteIO
import CacheCodec
import CacheFormat
import Glibc
import SampleSnapshots
import TestSupport
import Testing

@Suite("A damaged snapshot is rejected")
struct DamageTests {
  private let folder: ScratchFolder
  private let whole: [UInt8]

  init() throws {
    folder = try ScratchFolder()
    var random = SeededGenerator(seed: 21)
    let sample = SampleSnapshot(
      random: &random, tokens: 70, layers: 2, kvHeads: 2, codec: .float16)
    try #require(sample.metadata.tiers.tierCount == 7)
    try sample.write(to: folder.path("a.kvsnap"))
    whole = try bytes(of: folder.path("a.kvsnap"))
  }

  /// In a process of its own, which may take 64 MiB more memory than the file has bytes.
  @Test(
    "any other value of a byte of header and directory, any bit elsewhere, with a section's name")
  func everyByte() async {
    await #expect(processExitsWith: .success) {
      let tests = try DamageTests()
      try DamageTests.limitMemory(growth: tests.whole.count + 64 << 20)
      let path = try tests.folder.write("changed.kvsnap", tests.whole)
      let bodyStart = 64 + 32 * Int(tests.whole[40])
      let file = unsafe open(path, O_WRONLY)
      for (index, byte) in tests.whole.enumerated() {
        for mask in UInt8(1)...255 where index < bodyStart || mask == 255 || mask & mask - 1 == 0 {
          try DamageTests.write(byte ^ mask, to: file, at: index)
          let error = try #require(tests.rejection(of: path), "byte \(index) ^ \(mask)")
          #expect(!error.section.isEmpty)
        }
        try DamageTests.write(byte, to: file, at: index)
      }
      #expect(tests.rejection(of: path) == nil)
    }
  }

  @Test("any cut, and bytes too many, in little memory")
  func everyCut() async {
    await #expect(processExitsWith: .success) {
      let tests = try DamageTests()
      try DamageTests.limitMemory(growth: tests.whole.count + 64 << 20)
      let path = try tests.folder.write("cut.kvsnap", tests.whole + [0])
      #expect(tests.rejection(of: path) != nil)
      for length in tests.whole.indices.reversed() {
        try setLength(of: path, to: UInt64(length))
        #expect(tests.rejection(of: path) != nil, "\(length) bytes")
      }
    }
  }

  private static func write(_ byte: UInt8, to file: Int32, at offset: Int) throws {
    var byte = byte
    let written = unsafe pwrite(file, &byte, 1, offset)
    try #require(written == 1)
  }

  private func rejection(of path: String) -> MalformedFile? {
    do { try Verification.verify(path: path) } catch let error as MalformedFile {
      return error
    } catch {
      Issue.record(error)
    }
    return nil
  }

  /// From now on the process ends when it asks for more memory than it has now and `growth` bytes.
  private static func limitMemory(growth: Int) throws {
    let status = String(decoding: try bytes(of: "/proc/self/status"), as: UTF8.self)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmData:") })
    let held = try #require(Int(line.filter(\.isNumber))) * 1024
    var limit = rlimit(rlim_cur: UInt(held + growth), rlim_max: UInt(held + growth))
    unsafe setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
  }

  @Test("only where it is read: ×N ignores damage beyond its prefix")
  func partialReads() throws {
    let prefix = try SnapshotReader(path: folder.path("a.kvsnap")).prefixLength(compression: 8)
    for (index, isRead) in [(Int(prefix) - 1, true), (Int(prefix) + 1, false)] {
      var changed = whole
      changed[index] ^= 1
      let path = try folder.write("changed.kvsnap", changed)
      let chain = try SnapshotChain(path: path)
      let read = {
        for layer in 0..<chain.metadata.context.layers {
          _ = try chain.readLayer(layer, compression: 8)
        }
      }
      if isRead {
        let error = #expect(throws: MalformedFile.self, performing: read)
        #expect(error?.description.contains("DATA") == true)
        #expect(error?.description.contains("tier") == true)
      } else {
        try read()
      }
    }
  }

  @Test("with valid checksums, everything that the format forbids is still rejected")
  func hostileFields() throws {
    let changes: [(String, (inout [String: [UInt8]]) -> Void)] = [
      ("CONT", { $0["CONT"]?.replaceSubrange(0..<4, with: [0xFF, 0xFF, 0xFF, 0xFF]) }),
      ("CONT", { $0["CONT"]?.replaceSubrange(16..<24, with: [UInt8](repeating: 0xFF, count: 8)) }),
      ("CONT", { $0["CONT"]?[36] = 2 }),
      ("CONT", { $0["CONT"]?[40] = 12 }),
      ("TOKN", { $0["TOKN"]?.removeLast(4) }),
      ("TIER", { $0["TIER"]?.replaceSubrange(12..<16, with: [0xFF, 0xFF, 0xFF, 0x7F]) }),
      ("TIER", { $0["TIER"]?[0] = 0 }),
      ("TIER", { $0["TIER"]?.replaceSubrange(16..<20, with: [0, 0, 0, 0]) }),
      ("CHNK", { $0["CHNK"]?.replaceSubrange(0..<8, with: [UInt8](repeating: 0xFF, count: 8)) }),
      ("CHNK", { $0["CHNK"]?[16] = 3 }),
      ("CHNK", { $0["CHNK"]?[20] = 1 }),
      ("IDEN", { $0["IDEN"]?.removeLast() }),
    ]
    for (section, change) in changes {
      var sections = Dictionary(uniqueKeysWithValues: try parts().map { ($0.type, $0.bytes) })
      change(&sections)
      let ordered = try parts().map { (type: $0.type, bytes: sections[$0.type] ?? []) }
      let path = try folder.write(
        "hostile.kvsnap", RawContainer(kind: "SNAP", sections: ordered).bytes)
      let error = #expect(throws: MalformedFile.self) { try Verification.verify(path: path) }
      #expect(error?.section.contains(section) == true, "\(String(describing: error))")
    }
  }

  @Test("random damage with valid checksums is read or rejected, and never traps")
  func mutations() throws {
    var random = SeededGenerator(seed: 31)
    for _ in 0..<1_500 {
      var sections = try parts()
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let index = Int.random(in: 0..<sections.count - 1, using: &random)
        guard !sections[index].bytes.isEmpty else { continue }
        let byte = Int.random(in: 0..<sections[index].bytes.count, using: &random)
        sections[index].bytes[byte] = .random(in: 0...255, using: &random)
      }
      let path = try folder.write(
        "hostile.kvsnap", RawContainer(kind: "SNAP", sections: sections).bytes)
      do {
        let chain = try SnapshotChain(path: path)
        for layer in 0..<chain.metadata.context.layers {
          _ = try chain.readLayer(layer, compression: 5)
        }
        try Verification.verify(path: path)
      } catch is MalformedFile {} catch is CompressionNotStored {}
    }
  }

  /// The sections of the valid file.
  private func parts() throws -> [(type: String, bytes: [UInt8])] {
    func integer(_ offset: Int, _ width: Int) -> Int {
      (0..<width).reduce(0) { $0 | Int(whole[offset + $1]) << (8 * $1) }
    }
    return (0..<integer(40, 4)).map { index in
      let start = 64 + 32 * index
      let (offset, length) = (integer(start + 8, 8), integer(start + 16, 8))
      return (
        String(decoding: whole[start..<start + 4], as: UTF8.self),
        Array(whole[offset..<offset + length])
      )
    }
  }
}
