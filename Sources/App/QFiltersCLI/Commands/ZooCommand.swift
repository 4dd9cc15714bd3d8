import ArgumentParser
import Reports
import Workflows

struct ZooCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "zoo", abstract: "Compute the Q-Filters of all models below a folder.",
    discussion: """
      Models are .gguf files (the first file of a split one) and folders with config.json and \
      model.safetensors. Each gets a filter bank: X.qfilt next to X.gguf, filters.qfilt in a \
      folder. With --out, it is at the same path below that folder.

      A filter bank of the same weights and recipe is not computed again. A model that fails is \
      reported at the end, with exit code 1. index.json and index.md list every filter bank with \
      its origin.
      """)

  @Argument(help: "Folder with models.", completion: .directory) var folder: String
  @OptionGroup var calibration: CalibrationOptions
  @Option(
    help: ArgumentHelp("Folder to write into. Default: next to each model.", valueName: "folder"),
    completion: .directory)
  var out: String?
  @OptionGroup var identity: IdentityOption
  @OptionGroup var force: ForceOption
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable {
    struct Model: Encodable {
      let model: String
      let outcome: Zoo.Outcome
      let bank, problem: String?
    }
    let models: [Model]
  }

  func run() throws {
    let bar = ProgressBar()
    var models: [Report.Model] = []
    _ = try Zoo.run(
      folder: folder, corpus: calibration.corpusFiles, recipe: calibration.recipe, out: out,
      remembersIdentity: identity.remembers, replacesAnything: force.replacesAnything,
      progress: bar.show
    ) { entry, outcome, error in
      models.append(
        Report.Model(
          model: entry.model, outcome: outcome, bank: entry.bank?.path,
          problem: error.map { Advice.sentence($0, of: Self.self) }))
      ProgressBar.clear()
      if !report.json, outcome != .failed { Terminal.line(Self.line(entry, outcome)) }
    }
    if report.json { try Terminal.json(Report(models: models)) }
    let failures = models.filter { $0.outcome == .failed }
    for failure in failures {
      Terminal.error(
        Format.printable("qfilters: \(failure.model): \(failure.problem ?? "failed")"))
    }
    if !failures.isEmpty { throw ExitCode.failure }
  }

  private static func line(_ entry: ZooIndex.Entry, _ outcome: Zoo.Outcome) -> String {
    let bank = entry.bank?.path ?? ""
    return Format.printable("\(bank): " + (outcome == .computed ? "computed" : "up to date"))
  }
}
