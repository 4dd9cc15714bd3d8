import ArgumentParser
import QFilters
import Workflows

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a filter bank in the hub's layout.",
    discussion: """
      Writes config.json and model.safetensors, as the paper's authors publish Q-Filters and kvpress \
      loads them, with the hub's sign, and a model card, README.md, with the model's identity and the \
      filters' origin.
      """)

  @Argument(help: "The filter bank (.qfilt).") var file: String
  @Argument(help: "The folder to write into; it is made unless it is there.") var folder: String
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable {
    let layers, kvHeads, headLength: Int
  }

  func run() throws {
    let shape = try FilterExchange.exportHub(file, folder: folder)
    if report.json {
      return try Terminal.json(
        Report(layers: shape.layers, kvHeads: shape.kvHeads, headLength: shape.headLength))
    }
    Terminal.line("\(folder): Q-Filters of \(shape)")
  }
}
