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

  @Argument(help: "Snapshot (.kvsnap).", completion: .snapshot) var snapshot: String
  @Option(
    help: "Model that the snapshot was made with: a .gguf file or a folder. Required.",
    completion: .model)
  var model: String?
  @OptionGroup var parents: ParentOptions
  @OptionGroup var report: ReportOptions

  func run() throws {
    try ShownText(snapshot: snapshot, parents.companions, model: model)
      .write(asJSON: report.json)
  }
}
