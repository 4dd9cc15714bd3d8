import ByteIO
import TestSupport
import Testing

@testable import Conformance

@Suite("Conformance runs")
struct ConformanceRunTests {
  @Test("the end of a message has its last lines, each cut after 300 characters")
  func ending() {
    #expect(ConformanceRun.ending(of: "", lines: 3) == "")
    #expect(ConformanceRun.ending(of: "one\ntwo\r\n\nthree\n", lines: 2) == "two\nthree")
    let long = ConformanceRun.ending(of: String(repeating: "x", count: 1_000), lines: 1)
    #expect(long.count == 300)
  }

  @Test("the manifest of the repository is read; another layout and other JSON are rejected")
  func manifest() throws {
    let manifest = try ConformanceManifest(folder: Fixtures.path("conformance"))
    #expect(!manifest.valid.isEmpty && !manifest.invalid.isEmpty)
    for text in [#"{"format":2,"fixtures":[]}"#, "{}", "[", ""] {
      let folder = try ScratchFolder()
      _ = try folder.write("valid.json", text.utf8)
      #expect(throws: MalformedFile.self) { try ConformanceManifest(folder: folder.path("")) }
    }
  }
}
