import Foundation
import Reports
import TestSupport
import Testing

@testable import QFiltersCLI

@Suite("Progress fits the terminal that it is shown on")
struct ProgressTests {
  private func line(_ what: String = "prefill", left: Double? = 75, columns: Int) -> String {
    ProgressLine(what: what, done: 2048, total: 6796, secondsLeft: left).text(columns: columns)
  }

  @Test("a bar where there is room, else figures, else a percentage")
  func widths() {
    #expect(
      line(columns: 79) == "prefill █████████░░░░░░░░░░░░░░░░░░░░░ 2048/6796, 1 min 15 s left")
    #expect(line(columns: 45) == "prefill ███░░░░░░░ 2048/6796, 1 min 15 s left")
    #expect(line(columns: 39) == "prefill 2048/6796, 1 min 15 s left")
    #expect(line(columns: 32) == "prefill 30 %, 1 min 15 s left")
    #expect(line(columns: 19) == "prefill 30 %")
    #expect(line(left: nil, columns: 19) == "prefill 2048/6796")
    #expect(line(columns: 11) == "prefi… 30 %")
    #expect(line(columns: 5) == "30 %")
    for columns in 4...120 {
      #expect(Format.columns(line(columns: columns)) <= columns)
      #expect(Format.columns(line("verify 长文档的快照.kvsnap", columns: columns)) <= columns)
    }
  }

  /// What a run writes to a terminal of that width.
  private func screen(_ arguments: String, columns: Int, term: String) throws -> String {
    let result = try Command.shell(
      "export TERM=\(term) NO_COLOR=1; "
        + "script -qec 'stty cols \(columns); '\"$qfilters \(arguments)\" /dev/null"
    )
    #expect(result.status == 0)
    return String(decoding: result.output, as: UTF8.self)
  }

  @Test("on a real terminal no status is wider, and all of it is erased", arguments: [20, 40, 80])
  func terminal(columns: Int) throws {
    let folder = try ScratchFolder()
    let screen = try screen(prefill(in: folder), columns: columns, term: "xterm")
    #expect(!screen.contains("\u{1B}[0m") && !screen.contains("\u{1B}[3"))
    let erase = "\r\u{1B}[J"
    let parts = screen.components(separatedBy: erase)
    #expect(parts.count > 3)
    // Each status is followed by what erases it, and the result is at a line's beginning.
    for part in parts.dropLast().dropFirst() where !part.contains("qfilters: note: ") {
      #expect(part.isEmpty || part.hasSuffix("\r"))
      #expect(Format.columns(part) < columns)
    }
    #expect(parts.last?.contains("tokens prefilled") == true)
  }

  @Test("where nothing can be erased each phase is a line, and there is no control sequence")
  func dumb() throws {
    let folder = try ScratchFolder()
    let screen = try screen(prefill(in: folder), columns: 40, term: "dumb")
    #expect(!screen.contains("\u{1B}"))
    for phase in ["load tiny-llama-f32.gguf …", "prefill …", "rank …"] {
      #expect(screen.components(separatedBy: phase).count == 2, "\(screen)")
    }
  }

  private func prefill(in folder: ScratchFolder) throws -> String {
    let line = Array("A line of text.\n".utf8)
    let text = try folder.write("text", (0..<8).flatMap { _ in line })
    return "prefill --model \(Fixtures.path("models/tiny-llama-f32.gguf")) --method k-norm "
      + "--prompt-file \(text) --out \(folder.path("a.kvsnap"))"
  }
}
