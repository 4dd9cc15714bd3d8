import ArgumentParser
import Workflows

struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Print the text of a snapshot, and a conversation turn by turn.",
    discussion: """
      A snapshot holds the tokens of its whole context, also of the snapshots that it continues. \
      The model's tokenizer turns them into text, and its chat template tells turns apart. Nothing \
      else of the model is read. --json has tokens and turns; a turn has role (system, user, \
      assistant, or text where there are no turns) and text.
      """)

  @Argument(help: .snapshot, completion: .snapshot) var snapshot: String
  @Option(
    help: "Model that the snapshot was made with: a .gguf file or a folder. Required.",
    completion: .model)
  var model: String?
  @OptionGroup var parents: ParentOptions
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable {
    let tokens: Int
    let turns: [Transcript.Turn]
  }

  func run() throws {
    let result = try Show.run(snapshot: snapshot, with: try parents.companions, model: model)
    if result.lacksTemplate {
      Terminal.advise("the model has no known chat template, so the text is printed without turns")
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
