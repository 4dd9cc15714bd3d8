import ArgumentParser
import ByteIO
import CacheFormat
import Workflows

struct AskCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ask", abstract: "Ask a snapshot several questions; the model is loaded once.",
    discussion: """
      Each line of the file is a question. Each is answered as `resume` would answer it, and knows \
      nothing of the others. Nothing is saved.

      Ctrl-C ends the answer where it is, and the questions after it are not asked. A second \
      Ctrl-C ends the process at once.

      --json has answers and identity, which is that of `resume`. Each answer has question, text, \
      ids and stop (end, length, context, string or interrupted).
      """)

  @Argument(help: .snapshot, completion: .snapshot) var snapshot: String
  @OptionGroup var companions: CompanionOptions
  @OptionGroup var model: ModelOption
  @Option(
    help: ArgumentHelp(
      "UTF-8 file with a question in each line; - for standard input.", valueName: "file"),
    completion: .text)
  var questions: String
  @OptionGroup var kept: KeptOptions
  @OptionGroup var generation: GenerationOptions
  @OptionGroup var trust: TrustOption
  @OptionGroup var report: ReportOptions

  private struct Answer: Encodable {
    let question, text: String
    let ids: [Int]
    let stop: GenerationResult.Stop
  }

  private struct Report: Encodable {
    let answers: [Answer]
    let identity: String
  }

  func run() throws {
    let questions = try TextFile.read(questions).split(separator: UInt8(ascii: "\n"))
      .map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }.filter { line in
        line.contains { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
      }
    guard !questions.isEmpty else {
      throw ValidationError("\(self.questions) has no question.")
    }
    let model = try model.load(.inMemoryLater)
    ProgressBar.begin("ask \(Folder.name(of: snapshot))")
    var shown = -1
    let result = try Ask.run(
      model, snapshot: snapshot, with: try companions.companions,
      questions: questions.map(Array.init), mode: kept.mode, options: generation.options,
      trusts: trust.trust,
      emit: { question, piece in
        guard !report.json else { return StartTime.mark(piece) }
        if question != shown {
          Terminal.write((shown < 0 ? "" : "\n\n") + "> \(text(questions[question]))\n")
          shown = question
        }
        Terminal.write(piece)
      })
    if report.json {
      try Terminal.json(
        Report(
          answers: zip(questions, result.answers).map {
            Answer(question: text($0), text: $1.text, ids: $1.ids, stop: $1.stop)
          }, identity: result.proof.rawValue))
    } else {
      Terminal.line("")
    }
    advise(result, model)
  }

  private func text(_ question: ArraySlice<UInt8>) -> String {
    String(decoding: question, as: UTF8.self)
  }

  private func advise(_ result: Ask.Result, _ model: LoadedModel) {
    TrustOption.advise(snapshot, result.proof, isTrusted: result.isTrusted)
    if result.isPlainText, model.takesChatInstead(of: []) {
      Terminal.advise(
        "\(snapshot) was prefilled without --chat, so each question continues its text; "
          + "to ask about the text, prefill it with --chat")
    }
  }
}
