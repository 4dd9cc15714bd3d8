import ArgumentParser
import Workflows

struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Print the text that a snapshot holds, a conversation turn by turn.",
    discussion: """
      A snapshot holds the tokens of its whole context, those of all that it continues included. \
      The model's tokenizer makes text of them; nothing else of the model is read but its chat \
      template, which tells turns apart. --json has tokens and turns, a list of role (system, user, \
      assistant, or text where there are no turns) and text.
      """)

  @Argument(help: "Snapshot (.kvsnap).", completion: .snapshot) var snapshot: String
  @Option(
    help:
      "Model that the snapshot was made with: a .gguf file or a folder. Its tokenizer is needed.",
    completion: .model)
  var model: String?
  @OptionGroup var parents: ParentOptions
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable {
    let tokens: Int
    let turns: [Transcript.Turn]
  }

  func run() throws {
    let result = try Show.run(snapshot: snapshot, parents: parents.files, model: model)
    if result.lacksTemplate {
      Terminal.advise("the model has no chat template that is known, so turns are not told apart")
    }
    let turns = result.transcript.turns
    if report.json { return try Terminal.json(Report(tokens: result.tokens, turns: turns)) }
    guard result.isConversation, !result.lacksTemplate else {
      return Terminal.line(Terminal.shown(turns.map(\.text).joined()))
    }
    let parts = turns.map { "[\($0.role.rawValue)]\n\(Terminal.shown($0.text))\n" }
    Terminal.write(parts.joined(separator: "\n"))
  }
}
