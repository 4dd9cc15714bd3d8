import Evaluation
import Foundation
import TestSupport
import Testing

@Suite("A haystack is the texts of a folder")
struct HaystackTests {
  @Test("a haystack is the files that end in .txt; empty ones and folders are left out")
  func haystack() throws {
    let scratch = try ScratchFolder()
    _ = try scratch.write("a.txt", "first".utf8)
    _ = try scratch.write("b.txt", [])
    _ = try scratch.write("d.md", "not this".utf8)
    _ = try scratch.write("e.txt", "second".utf8)
    try FileManager.default.createDirectory(
      atPath: scratch.path("c.txt"), withIntermediateDirectories: true)
    #expect(try Haystack.read(folder: scratch.path("")) == Array("first\n\nsecond\n\n".utf8))
  }
}
