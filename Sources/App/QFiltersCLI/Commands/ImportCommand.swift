import ArgumentParser
import QFilters
import Reports
import Workflows

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Make a filter bank of Q-Filters from the hub.",
    discussion: """
      The folder holds config.json and model.safetensors, as the paper's authors publish them. \
      The filters must be those of this model: the hub's files say only how many layers \
      and heads it has. They hold no filters of query heads, so the bank ranks by those of KV heads.
      """)

  @Argument(help: "Folder with config.json and model.safetensors.", completion: .directory)
  var folder: String
  @OptionGroup var model: ModelOption
  @Option(
    help: ArgumentHelp("Filter bank to write (.qfilt).", valueName: "file"),
    completion: .filterBank)
  var out: String
  @OptionGroup var force: ForceOption
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable {
    let layers, kvHeads, headLength: Int
    let bytes: UInt64
  }

  func validate() throws {
    guard out.hasSuffix(".qfilt") else { throw ValidationError("--out must end in .qfilt.") }
  }

  func run() throws {
    try force.check(out, as: .filterBank)
    let (shape, bytes) = try FilterExchange.importHub(
      folder: folder, try model.load(.mapped), out: out)
    if report.json {
      return try Terminal.json(
        Report(
          layers: shape.layers, kvHeads: shape.kvHeads, headLength: shape.headLength, bytes: bytes))
    }
    Terminal.line("\(out): Q-Filters of \(shape), \(Format.bytes(bytes))")
  }
}
