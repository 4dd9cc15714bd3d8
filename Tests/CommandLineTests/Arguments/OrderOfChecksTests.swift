import Foundation
import TestSupport
import Testing

@Suite("Where several rules are broken, one order of checks decides, whatever the command")
struct OrderOfChecksTests {
  private struct Manifest: Decodable {
    struct Case: Decodable, CustomTestStringConvertible {
      let file: String
      let compression, exitCode: Int?
      var testDescription: String { file }
    }
    let fixtures: [Case]
  }

  private static func fixtures(_ prefix: String) throws -> [Manifest.Case] {
    let bytes = try Data(contentsOf: URL(filePath: Fixtures.path("conformance/invalid.json")))
    return try JSONDecoder().decode(Manifest.self, from: bytes).fixtures
      .filter { $0.file.hasPrefix("invalid/\(prefix)") }
  }

  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  @Test("verify with and without digests, export, recompress, inspect, resume")
  func commands() throws {
    let fixtures = try Self.fixtures("order-")
    #expect(fixtures.count > 10)
    for fixture in fixtures {
      let path = Fixtures.path("conformance/\(fixture.file)")
      let compression = fixture.compression.map { ["--compression", "\($0)"] } ?? []
      let (export, recompressed) = (scratch.path("a.safetensors"), scratch.path("a.kvsnap"))
      let status = Int32(fixture.exitCode ?? 65)
      var commands = [
        ["verify", "--digests", path] + compression,
        ["export", path, export] + (compression.isEmpty ? ["--compression", "64"] : compression),
        ["recompress", path, "--out", recompressed] + compression,
      ]
      // A heat map needs no pairs, and neither does a check of the bytes.
      let needsPairs = fixture.file.contains("/order-private")
      if !needsPairs {
        commands.append(["inspect", path, "--heatmap", scratch.path("a.svg")] + compression)
        if compression.isEmpty { commands.append(["verify", path]) }
      }
      for command in commands {
        let result = try Command.run(command)
        #expect(result.status == status, "\(command): \(result.error)")
      }
      // Its identity is no model's: that comes before DATA and the compression.
      let resume = try Command.run(
        ["resume", path, "--model", Fixtures.path("models/tiny-llama-f32.gguf"), "--prompt", "x"]
          + compression)
      let isOfData = needsPairs || fixture.file.contains("/order-data")
      #expect(resume.status == (isOfData ? 78 : status))
      for out in [export, recompressed] {
        #expect(!FileManager.default.fileExists(atPath: out), "\(fixture.file)")
      }
    }
  }

  @Test("resume says that its own model's snapshot is damaged before it says what it does not hold")
  func resume() throws {
    let tiny = try TinyFiles.shared.get()
    var damaged = try bytes(of: tiny.snapshot)
    func status(_ path: String) throws -> Int32 {
      try Command.run(
        [
          "resume", path, "--model", tiny.model, "--prompt", "x", "--max-tokens", "1",
          "--compression", "2",
        ]).status
    }
    #expect(try status(tiny.snapshot) == 64)
    damaged[damaged.count - 1] ^= 1
    #expect(try status(try scratch.write("damaged.kvsnap", damaged)) == 65)
  }

  @Test("what bears the parent's name and is no regular file is as good as not there: 66")
  func parents() throws {
    let child = Fixtures.path("conformance/valid/chain-child.kvsnap")
    for kind in [
      OddPaths.Kind.missing, .danglingLink, .linkLoop, .folder, .pipe, .socket, .device,
    ] {
      let odd = try OddPaths()
      let parent = URL(filePath: try odd.path(kind, ending: ".kvsnap"))
      let folder = parent.deletingLastPathComponent()
      let name = folder.appending(path: "chain-root.kvsnap").path
      if kind != .missing { try FileManager.default.moveItem(atPath: parent.path, toPath: name) }
      if kind == .linkLoop {
        try FileManager.default.createSymbolicLink(
          atPath: parent.path, withDestinationPath: name)
      }
      let path = folder.appending(path: "child.kvsnap").path
      try FileManager.default.copyItem(atPath: child, toPath: path)
      for arguments in [["verify", path], ["verify", "--digests", path]] {
        let result = try Command.run(arguments)
        #expect(result.status == 66, "\(kind): \(result.error)")
        #expect(result.error.contains("chain-root.kvsnap"))
      }
    }
  }

  @Test("a frame that a library decodes to other bytes than were compressed is rejected by all")
  func malformedFrame() throws {
    let path = Fixtures.path("conformance/invalid/data-malformed-huffman.kvsnap")
    let (export, recompressed) = (scratch.path("a.safetensors"), scratch.path("a.kvsnap"))
    for command in [
      ["verify", path], ["verify", "--digests", path], ["export", path, export],
      ["recompress", path, "--out", recompressed],
      ["recompress", path, "--out", recompressed, "--precision", "int8"],
    ] {
      let result = try Command.run(command)
      #expect(result.status == 65, "\(command): \(result.error)")
      #expect(result.error.contains("DATA, tier 0, layer 0"))
    }
    for out in [export, recompressed] {
      #expect(!FileManager.default.fileExists(atPath: out))
    }
  }

  @Test("resume rejects frames that decode to other bytes than their checksum says")
  func resumeOfOtherBytes() throws {
    let tiny = try TinyFiles.shared.get()
    let file = try bytes(of: tiny.snapshot)
    var sections = try Directory.read(file).map {
      (type: $0.name, bytes: Array(file[$0.offset..<$0.offset + $0.length]))
    }
    let table = try #require(sections.firstIndex { $0.type == "CHNK" })
    let data = sections.count - 1
    // The first chunk is read at every compression. It ends with the checksum of what its frames
    // decode to.
    let length = (0..<8).reduce(0) { $0 | Int(sections[table].bytes[$1]) << (8 * $1) }
    sections[data].bytes[length - 1] ^= 1
    let stored = RawContainer.checksum(Array(sections[data].bytes[..<length]))
    sections[table].bytes.replaceSubrange(8..<16, with: RawContainer.field(stored))
    let path = try scratch.write(
      "other.kvsnap", RawContainer(kind: "SNAP", sections: sections).bytes)
    for compression in [["--compression", "32"], ["--compression", "64"]] {
      let result = try Command.run(
        ["resume", path, "--model", tiny.model, "--prompt", "x", "--max-tokens", "1"] + compression)
      #expect(result.status == 65, "\(result.error)")
      #expect(result.error.contains("decoded bytes"))
    }
  }
}
