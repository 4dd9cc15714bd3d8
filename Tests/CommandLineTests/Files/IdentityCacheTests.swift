import ByteIO
import Foundation
import TestSupport
import Testing

/// A model's digests are computed once, and never taken from another state of its files.
@Suite("Remembered digests of a model")
struct IdentityCacheTests {
  private let folder: ScratchFolder
  private let model = Fixtures.path("models/tiny-llama-f32.gguf")
  private let snapshot: String

  init() throws {
    folder = try ScratchFolder()
    snapshot = folder.path("a.kvsnap")
    try prefill(model, out: snapshot)
  }

  private var environment: [String: String?] { ["XDG_CACHE_HOME": folder.path("cache")] }
  private var entries: String { folder.path("cache/qfilters/identity") }

  private func prefill(_ model: String, out: String) throws {
    let text = try folder.write("text.txt", Array("the fox".utf8))
    let result = try Command.run(
      [
        "prefill", "--model", model, "--method", "k-norm", "--prompt-file", text, "--out", out,
      ], environment: environment)
    try #require(result.status == 0, "\(result.error)")
  }

  private func resume(
    _ model: String? = nil, options: [String] = [], environment other: [String: String?]? = nil
  ) throws -> Command.Result {
    try Command.run(
      ["resume", snapshot, "--model", model ?? self.model, "--prompt", "x", "--max-tokens", "1"]
        + options, environment: other ?? environment)
  }

  /// The remembered digests: that of the model's file, and that of its weights.
  private func paths() throws -> (file: String, weights: String) {
    let names = try FileManager.default.contentsOfDirectory(atPath: entries)
    let files = names.filter { $0.hasPrefix("file-") }
    let weights = names.filter { !$0.hasPrefix("file-") }
    try #require(files.count == 1 && weights.count == 1, "\(names)")
    return (entries + "/" + files[0], entries + "/" + weights[0])
  }

  /// The one that is asked for first.
  private func entry() throws -> String { try paths().file }

  /// Changes the remembered digests, with the checksums that belong to them.
  private func forge(mode: Int = 0o644) throws {
    let (file, weights) = try paths()
    for path in [file, weights] {
      var record = try bytes(of: path)
      record[40] ^= 1
      let sum = Checksum.of(Array(record.dropLast(8)))
      for index in 0..<8 { record[72 + index] = UInt8(truncatingIfNeeded: sum >> (8 * index)) }
      try write(record, to: path, mode: mode)
    }
  }

  private func write(_ record: [UInt8], to path: String? = nil, mode: Int) throws {
    let path = try path ?? entry()
    try Data(record).write(to: URL(filePath: path))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }

  @Test func theRememberedDigestIsTakenUnlessItIsToBeComputedAnew() throws {
    try forge()
    #expect(try resume().status == 78)
    #expect(try resume(options: ["--no-identity-cache"]).status == 0)
  }

  @Test func aDamagedEntryCountsAsNone() throws {
    let record = try bytes(of: entry())
    for place in [0, 10, 41, 79] {
      var damaged = record
      damaged[place] ^= 4
      try write(damaged, mode: 0o644)
      #expect(try resume().status == 0)
    }
    for damaged in [[], Array(record.dropLast()), record + [0]] {
      try write(damaged, mode: 0o644)
      #expect(try resume().status == 0)
      #expect(try bytes(of: entry()) == record)
    }
  }

  @Test func anEntryThatOthersMayWriteIsNotBelieved() throws {
    try forge(mode: 0o666)
    #expect(try resume().status == 0)
  }

  @Test func aFileThatWasJustChangedIsNotRemembered() throws {
    let copy = folder.path("copy.gguf")
    try FileManager.default.copyItem(atPath: model, toPath: copy)
    let before = try FileManager.default.contentsOfDirectory(atPath: entries)
    try prefill(copy, out: folder.path("b.kvsnap"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: entries) == before)
  }

  @Test func anotherStateOfTheFileHasAnotherDigestThoughItsTimesAreSetBack() throws {
    let copy = folder.path("copy.gguf")
    try FileManager.default.copyItem(atPath: model, toPath: copy)
    let date = try #require(
      try FileManager.default.attributesOfItem(atPath: copy)[.modificationDate] as? Date)
    // So long that a later change has another time on every file system.
    usleep(3_500_000)
    #expect(try resume(copy).status == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: entries).count == 3)
    let file = try #require(FileHandle(forUpdatingAtPath: copy))
    try file.seek(toOffset: UInt64(try bytes(of: copy).count - 3))
    try file.write(contentsOf: [0x3F])
    try file.close()
    try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: copy)
    #expect(try resume(copy).status == 78)
  }

  @Test func withoutAFolderForCachesEverythingWorks() throws {
    for base in ["", "relative", "/dev/null/no", "/proc"] {
      #expect(
        try resume(environment: ["XDG_CACHE_HOME": base, "HOME": nil as String?]).status == 0)
    }
    #expect(try resume(environment: ["XDG_CACHE_HOME": nil, "HOME": nil]).status == 0)
  }
}
