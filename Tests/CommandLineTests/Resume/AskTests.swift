import TestSupport
import Testing

@Suite("ask: several questions to one snapshot")
struct AskTests {
  private struct Answer: Decodable {
    let question: String?
    let ids: [Int]
    let text: String
  }

  private struct Report: Decodable {
    let answers: [Answer]
    let identity: String
  }

  private let tiny: TinyFiles
  private let folder: ScratchFolder
  private let snapshot: String

  init() throws {
    tiny = try TinyFiles.shared.get()
    folder = try ScratchFolder()
    snapshot = folder.path("whole.kvsnap")
    let prefill = ["prefill", "--method", "k-norm", "--prompt-file", tiny.text, "--out", snapshot]
    try #require(try Command.run(prefill + ["--model", tiny.model]).status == 0)
  }

  @Test(
    "each answer is that of resume, whatever was asked before",
    arguments: [[], ["--compression", "2"], ["--recall", "2"]])
  func equalsResume(how: [String]) throws {
    let questions = [" and then", "xyz", " and then", "."]
    let file = try folder.write("questions.txt", Array(questions.joined(separator: "\n\n").utf8))
    let options = ["--model", tiny.model, "--max-tokens", "6", "--json"] + how
    let report = try Command.run(["ask", snapshot, "--questions", file] + options)
      .json(as: Report.self)
    #expect(report.answers.map(\.question) == questions)
    #expect(report.identity == "files")
    for (question, answer) in zip(questions, report.answers) {
      let alone = try Command.run(["resume", snapshot, "--prompt", question] + options)
        .json(as: Answer.self)
      #expect(answer.ids == alone.ids)
      #expect(answer.text == alone.text)
    }
  }

  @Test("a file of lines from Windows, and one without questions")
  func lines() throws {
    let ask = ["ask", snapshot, "--model", tiny.model, "--max-tokens", "2"]
    let file = try folder.write("questions.txt", Array("one\r\ntwo\r\n".utf8))
    let report = try Command.run(ask + ["--questions", file, "--json"]).json(as: Report.self)
    #expect(report.answers.map(\.question) == ["one", "two"])
    let shown = String(
      decoding: try Command.run(ask + ["--questions", file]).output, as: UTF8.self)
    #expect(shown.hasPrefix("> one\n") && shown.contains("\n\n> two\n"))
    let empty = try folder.write("empty.txt", Array("\n\n".utf8))
    #expect(try Command.run(ask + ["--questions", empty]).status == 64)
    #expect(try Command.run(ask + ["--questions", folder.path("none")]).status == 66)
  }
}
