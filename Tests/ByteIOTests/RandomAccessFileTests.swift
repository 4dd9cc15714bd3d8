import ByteIO
import TestSupport
import Testing

/// Reading pieces of a file and counting them.
@Suite struct RandomAccessFileTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  @Test func readsPiecesAndCountsThem() throws {
    let file = try RandomAccessFile(path: folder.write("a", [1, 2, 3, 4, 5]))
    #expect(file.size == 5)
    #expect(try file.read(at: 1, count: 3, section: "s") == [2, 3, 4])
    #expect(try file.read(at: 5, count: 0, section: "s") == [])
    #expect(file.bytesRead == 3)
  }

  @Test(arguments: [(0, 6), (6, 0), (3, Int.max), (5, 1), (0, -1)] as [(UInt64, Int)])
  func rejectsWhatLiesOutside(offset: UInt64, count: Int) throws {
    let file = try RandomAccessFile(path: folder.write("a", [1, 2, 3, 4, 5]))
    #expect(throws: MalformedFile.self) {
      try file.read(at: offset, count: count, section: "s")
    }
    #expect(throws: MalformedFile.self) {
      try file.read(at: .max, count: 1, section: "s")
    }
    #expect(file.bytesRead == 0)
  }

  @Test func noticesAFileThatShrank() throws {
    let file = try RandomAccessFile(path: folder.write("a", [1, 2, 3, 4, 5]))
    _ = try folder.write("a", [])
    #expect(throws: MalformedFile.self) { try file.read(at: 0, count: 5, section: "s") }
  }

  @Test func saysWhetherTheInputWasMissing() throws {
    for path in [folder.path("none"), folder.path("")] {
      let error = #expect(throws: SystemError.self) { _ = try RandomAccessFile(path: path) }
      #expect(error?.isMissingInput == true)
    }
    #expect(throws: SystemError.self) { _ = try RandomAccessFile(path: "/dev/zero") }
  }
}
