import ArgumentParser
import Reports
import Workflows

struct ZooCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "zoo", abstract: "Compute the Q-Filters of all models below a folder.",
    discussion: """
      Models are .gguf files (the first file of a split one) and folders with config.json and \
      model.safetensors. Each gets a filter bank: X.qfilt next to X.gguf, filters.qfilt in a \
      folder. With --out, it is at the same path below that folder. What seems to be a model and \
      is none, such as an adapter, is passed over with a note.

      A filter bank of the same weights and recipe is not computed again. index.json and index.md \
      list every filter bank of the folder with its origin, whatever part of the models a run \
      takes. Runs on several machines may share the folder. Nothing is written through a symbolic \
      link: --force replaces a link by the file.

      Exit codes: 1 if a model failed, which is named at the end; \(Failure.belowQuality) if none \
      failed, but a filter bank is below --require-quality.
      """)

  @Argument(help: "Folder with models.", completion: .directory) var folder: String
  @OptionGroup var calibration: CalibrationOptions
  @Option(
    help: ArgumentHelp("Folder to write into. Default: next to each model.", valueName: "folder"),
    completion: .directory)
  var out: String?
  @OptionGroup var selection: ZooOptions
  @OptionGroup var identity: IdentityOption
  @OptionGroup var force: ForceOption
  @OptionGroup var report: ReportOptions

  func run() throws {
    let bar = ProgressBar()
    let printer = ZooPrinter(isDryRun: selection.dryRun, isSilent: report.json)
    let summary = try Zoo.run(request, progress: { bar.show($0, $1, $2) }) { result in
      ProgressBar.clear()
      printer.show(result)
    }
    for pattern in summary.unusedPatterns {
      Terminal.advise("--exclude \(pattern) matches no model")
    }
    let zoo = ZooReport(summary, isDryRun: selection.dryRun, least: selection.requireQuality)
    if report.json { try Terminal.json(zoo) } else { printer.finish(summary) }
    zoo.sayProblems(isList: selection.dryRun && !report.json)
    if let code = zoo.exitCode { throw code }
  }

  private var request: Zoo.Request {
    var request = Zoo.Request(
      folder: folder, corpus: calibration.corpusFiles, recipe: calibration.recipe, out: out)
    request.excluded = selection.exclude
    request.shard = selection.shard?.shard ?? .whole
    request.jobs = selection.jobs
    request.isDryRun = selection.dryRun
    request.remembersIdentity = identity.remembers
    request.replacesAnything = force.replacesAnything
    return request
  }
}
