import TestSupport
import Testing
import Workflows

@Suite("A text is read from files of several forms")
struct TextFileTests {
  @Test("a prompt's byte order mark is no text, and evaluation reads JSON Lines")
  func otherTexts() throws {
    let scratch = try ScratchFolder()
    let marked = try scratch.write("p.txt", [0xEF, 0xBB, 0xBF] + Array("naïve".utf8))
    #expect(try TextFile.read(marked) == Array("naïve".utf8))
    let wide = try scratch.write("w.txt", [0xFF, 0xFE, 0x61, 0])
    #expect(throws: PromptError.self) { try TextFile.read(wide) }
    let lines = try scratch.write(
      "e.JSON", "{\"text\": \"naïve\"}\n{\"text\": \"東京.\\nAnd more\"}\n".utf8)
    #expect(try TextFile.documents(lines) == Array("naïve\n\n東京.\nAnd more".utf8))
  }
}
