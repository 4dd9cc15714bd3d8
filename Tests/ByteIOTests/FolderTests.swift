import ByteIO
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("Folders")
struct FolderTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  @Test("a folder, a file, and nothing are told apart")
  func kinds() throws {
    let file = try scratch.write("file", [])
    #expect(Folder.exists(scratch.path("")) && !Folder.hasFile(scratch.path("")))
    #expect(!Folder.exists(file) && Folder.hasFile(file))
    #expect(!Folder.exists(scratch.path("none")) && !Folder.hasFile(scratch.path("none")))
  }

  @Test("a folder is made once, and never replaces a file or is made in a missing folder")
  func create() throws {
    let folder = scratch.path("made")
    try Folder.create(folder)
    try Folder.create(folder)
    #expect(Folder.exists(folder))
    let file = try scratch.write("file", [])
    let taken = #expect(throws: SystemError.self) { try Folder.create(file) }
    #expect(taken?.description.hasPrefix("cannot create \(file): file exists") == true)
    let missing = #expect(throws: SystemError.self) { try Folder.create("\(folder)/a/b") }
    #expect(missing?.isMissingInput == false)
    #expect(missing?.description.hasSuffix("create the folder first") == true)
  }

  @Test("a symbolic link is one, wherever it leads")
  func links() throws {
    let file = try scratch.write("file", [])
    for (name, target) in [("a", file), ("b", scratch.path("")), ("c", scratch.path("none"))] {
      try FileManager.default.createSymbolicLink(
        atPath: scratch.path(name), withDestinationPath: target)
      #expect(Folder.isLink(scratch.path(name)))
    }
    for path in [file, scratch.path(""), scratch.path("none")] { #expect(!Folder.isLink(path)) }
  }

  @Test("whoever waits for a locked folder gets it next")
  func waiting() throws {
    let path = scratch.path("")
    let order = Mutex<[Int]>([])
    let group = DispatchGroup()
    var lock = try FolderLock(path)
    #expect(lock != nil)
    DispatchQueue.global().async(group: group) {
      let next = try? FolderLock(waitingFor: path)
      order.withLock { $0.append(2) }
      withExtendedLifetime(next) {}
    }
    usleep(50_000)
    let other = try FolderLock(path)
    #expect(other == nil)
    order.withLock { $0.append(1) }
    lock = nil
    group.wait()
    #expect(order.withLock { $0 } == [1, 2])
    #expect(throws: SystemError.self) { try FolderLock(waitingFor: scratch.path("none")) }
  }

  @Test("a path within a folder has one slash")
  func paths() {
    #expect(Folder.path("a", "b") == "a/b")
    #expect(Folder.path("a/", "b") == "a/b")
    #expect(Folder.path("/", "b") == "/b")
  }
}
