import ByteIO
import Dispatch
import Glibc
import TestSupport
import Testing

/// A reader sees the old file or the new one, never anything else.
@Suite struct AtomicFileTests {
  private let folder: ScratchFolder
  private let old: [UInt8] = Array("old".utf8)

  init() throws { folder = try ScratchFolder() }

  @Test func appearsOnlyWhenCommitted() throws {
    let file = try AtomicFile(path: folder.path("a"))
    try file.write([1, 2, 3], at: 0)
    #expect(!folder.contents.contains("a"))
    try file.commit()
    #expect(try bytes(of: folder.path("a")) == [1, 2, 3])
    #expect(folder.contents == ["a"])
  }

  @Test func readsUnwrittenGapsAsZeros() throws {
    let file = try AtomicFile(path: folder.path("a"))
    try file.write([9], at: 4)
    try file.write([7], at: 1)
    try file.commit()
    #expect(try bytes(of: folder.path("a")) == [0, 7, 0, 0, 9])
  }

  @Test func replacesTheOldFileAtOnce() throws {
    _ = try folder.write("a", old)
    let file = try AtomicFile(path: folder.path("a"))
    try file.write([1], at: 0)
    #expect(try bytes(of: folder.path("a")) == old)
    try file.commit()
    #expect(try bytes(of: folder.path("a")) == [1])
  }

  @Test func keepsThePermissionsOfTheFileThatItReplaces() throws {
    let path = try folder.write("a", old)
    unsafe _ = chmod(path, 0o600)
    let file = try AtomicFile(path: path)
    try file.write([1], at: 0)
    try file.commit()
    var status = stat()
    unsafe _ = stat(path, &status)
    #expect(status.st_mode & 0o777 == 0o600)
    #expect(try bytes(of: path) == [1])
  }

  @Test func leavesNoFileWhenReleased() throws {
    _ = try folder.write("a", old)
    do {
      let file = try AtomicFile(path: folder.path("a"))
      try file.write([1], at: 0)
    }
    #expect(try bytes(of: folder.path("a")) == old)
    #expect(folder.contents == ["a"])
  }

  /// In a process of its own, because its limit on the size of files simulates a full disk.
  @Test func leavesTheOldFileWhenSpaceRunsOut() async {
    await #expect(processExitsWith: .success) {
      let folder = try ScratchFolder()
      _ = try folder.write("a", [1])
      var limit = rlimit(rlim_cur: 100_000, rlim_max: 100_000)
      _ = signal(SIGXFSZ, SIG_IGN)
      unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      let error = #expect(throws: SystemError.self) {
        let file = try AtomicFile(path: folder.path("a"))
        for part in 0..<4 as Range<UInt64> {
          try file.write([UInt8](repeating: 7, count: 40_000), at: part * 40_000)
        }
        try file.commit()
      }
      #expect(error?.code == EFBIG)
      #expect(error?.description.contains("free some space") == true)
      #expect(try bytes(of: folder.path("a")) == [1])
      #expect(folder.contents == ["a"])
    }
  }

  @Test func lastOfTwoThreadsWins() throws {
    let path = folder.path("a")
    let contents = [UInt8(1), 2].map { [UInt8](repeating: $0, count: 50_000) }
    DispatchQueue.concurrentPerform(iterations: 3) { worker in
      do {
        for _ in 0..<300 {
          guard worker < 2 else {
            if folder.contents.contains("a") { #expect(contents.contains(try bytes(of: path))) }
            continue
          }
          let file = try AtomicFile(path: path)
          try file.write(contents[worker], at: 0)
          try file.commit()
        }
      } catch { Issue.record(error) }
    }
    #expect(contents.contains(try bytes(of: path)))
    #expect(folder.contents == ["a"])
  }

  @Test func followsSymbolicLinksAndLeavesThem() throws {
    for (link, target) in [("one", "a"), ("two", folder.path("one"))] {
      let made = unsafe symlink(target, folder.path(link))
      try #require(made == 0)
    }
    for content in [[1], [2]] as [[UInt8]] {
      let file = try AtomicFile(path: folder.path("two"))
      try file.write(content, at: 0)
      try file.commit()
      #expect(try bytes(of: folder.path("a")) == content)
    }
    #expect(folder.contents == ["a", "one", "two"])
  }

  @Test func rejectsAMissingFolder() throws {
    let error = #expect(throws: SystemError.self) {
      _ = try AtomicFile(path: folder.path("missing/a"))
    }
    #expect(error?.code == ENOENT)
    #expect(error?.description.contains("create the folder first") == true)
    #expect(error?.isMissingInput == false)
  }

  @Test func rejectsAnUnwritableFolder() throws {
    // Root may write anywhere except to the process table.
    let error = #expect(throws: SystemError.self) { _ = try AtomicFile(path: "/proc/a") }
    #expect(error?.path == "/proc/a")
  }

  @Test func rejectsAFolderOrADevice() throws {
    #expect(throws: SystemError.self) { _ = try AtomicFile(path: folder.path("")) }
    #expect(throws: SystemError.self) { _ = try AtomicFile(path: "/dev/null") }
  }

  @Test func checksThatAPathIsWritableAndLeavesNothing() throws {
    try AtomicFile.checkWritable(folder.path("a"))
    #expect(folder.contents == [])
    #expect(throws: SystemError.self) { try AtomicFile.checkWritable(folder.path("no/a")) }
  }
}
