import ByteIO
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

  @Test("a path within a folder has one slash")
  func paths() {
    #expect(Folder.path("a", "b") == "a/b")
    #expect(Folder.path("a/", "b") == "a/b")
    #expect(Folder.path("/", "b") == "/b")
  }
}
