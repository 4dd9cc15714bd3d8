import ByteIO
import Glibc
import TestSupport
import Testing

/// A reader sees the old file or the new one, and never anything else.
@Suite struct AtomicFileTests {
  private let folder: TemporaryFolder
  private let old: [UInt8] = Array("old".utf8)

  init() throws { folder = try TemporaryFolder() }

  @Test func appearsOnlyWhenCommitted() throws {
    let file = try AtomicFile(path: folder.file("a"))
    try file.write([1, 2, 3], at: 0)
    #expect(try !folder.names().contains("a"))
    try file.commit()
    #expect(try folder.read("a") == [1, 2, 3])
    #expect(try folder.names() == ["a"])
  }

  @Test func readsUnwrittenStretchesAsZeros() throws {
    let file = try AtomicFile(path: folder.file("a"))
    try file.write([9], at: 4)
    try file.write([7], at: 1)
    try file.commit()
    #expect(try folder.read("a") == [0, 7, 0, 0, 9])
  }

  @Test func replacesTheOldFileAtOnce() throws {
    try folder.write(old, to: "a")
    let file = try AtomicFile(path: folder.file("a"))
    try file.write([1], at: 0)
    #expect(try folder.read("a") == old)
    try file.commit()
    #expect(try folder.read("a") == [1])
  }

  @Test func leavesNothingBehindWhenDropped() throws {
    try folder.write(old, to: "a")
    do {
      let file = try AtomicFile(path: folder.file("a"))
      try file.write([1], at: 0)
    }
    #expect(try folder.read("a") == old)
    #expect(try folder.names() == ["a"])
  }

  /// In a process of its own, because its limit on the size of files stands in for a full disk.
  @Test func leavesTheOldFileWhenSpaceRunsOut() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      try folder.write([1], to: "a")
      var limit = rlimit(rlim_cur: 100_000, rlim_max: 100_000)
      _ = signal(SIGXFSZ, SIG_IGN)
      unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      let error = #expect(throws: SystemError.self) {
        let file = try AtomicFile(path: folder.file("a"))
        for part in 0..<4 as Range<UInt64> {
          try file.write([UInt8](repeating: 7, count: 40_000), at: part * 40_000)
        }
        try file.commit()
      }
      #expect(error?.code == EFBIG)
      #expect(error?.description.contains("free some space") == true)
      #expect(try folder.read("a") == [1])
      #expect(try folder.names() == ["a"])
    }
  }

  @Test func refusesAMissingFolder() throws {
    let error = #expect(throws: SystemError.self) {
      _ = try AtomicFile(path: folder.file("missing/a"))
    }
    #expect(error?.code == ENOENT)
    #expect(error?.description.contains("create the folder first") == true)
    #expect(error?.isMissingInput == false)
  }

  @Test func refusesAnUnwritableFolder() throws {
    // A root user may write anywhere, but nobody may write to the process table.
    let error = #expect(throws: SystemError.self) { _ = try AtomicFile(path: "/proc/a") }
    #expect(error?.path == "/proc/a")
  }

  @Test func refusesToReplaceAFolderOrADevice() throws {
    #expect(throws: SystemError.self) { _ = try AtomicFile(path: folder.path) }
    #expect(throws: SystemError.self) { _ = try AtomicFile(path: "/dev/null") }
  }

  @Test func checksThatAPathIsWritableAndLeavesNothing() throws {
    try AtomicFile.checkWritable(folder.file("a"))
    #expect(try folder.names() == [])
    #expect(throws: SystemError.self) { try AtomicFile.checkWritable(folder.file("no/a")) }
  }
}
