import ArgumentParser
import Evaluation
import QFilters
import Reports
import Workflows

struct FidelityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fidelity",
    abstract: "Measure how well methods foresee what later text attends to, by layer and head.",
    discussion: """
      Each context is prefilled once. With the whole cache, the tokens that follow show which of \
      its pairs are attended to, and what is predicted. The report has three figures: Spearman's \
      correlation of that attention with each method's scores; the share of it on the \
      pairs that ×N keeps; and the divergence of next-token distributions from the whole cache's. \
      \(Compression.inOtherWords)
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var filters: FiltersOption
  @Option(help: "UTF-8 text or JSON Lines; - for standard input.", completion: .text) var file:
    String
  @Option(help: "Number of tokens of each context.") var context = Fidelity.Options().context
  @Option(help: "Number of tokens after each context that show what is attended to.")
  var continuation = Fidelity.Options().continuation
  @Option(help: "Number of contexts.") var sequences = Fidelity.Options().sequences
  @Option(
    help: ListOptions.help("Compressions ×N", Fidelity.Options().compressions),
    transform: ListOptions.numbers)
  var compressions = Fidelity.Options().compressions
  @Option(
    help: ListOptions.methodHelp(Fidelity.Options().methods, besides: [.full, .recall]),
    completion: ListOptions.completion(besides: [.full, .recall]),
    transform: ListOptions.methods)
  var methods = Fidelity.Options().methods
  @OptionGroup var retention: RetentionOptions
  @Option(
    help: ArgumentHelp(
      "Folder for every measurement, tables and pictures.", valueName: "folder"),
    completion: .directory)
  var out: String?
  @OptionGroup var force: ForceOption
  @OptionGroup var report: ReportOptions

  func validate() throws {
    guard (1...1 << 24).contains(context) else {
      throw ValidationError("--context must be from 1 to \(1 << 24).")
    }
    guard (1...Fidelity.mostContinuation).contains(continuation) else {
      throw ValidationError("--continuation must be from 1 to \(Fidelity.mostContinuation).")
    }
    guard (1...1 << 24).contains(sequences) else {
      throw ValidationError("--sequences must be from 1 to \(1 << 24).")
    }
    if let other = methods.first(where: { [.full, .recall].contains($0) }) {
      throw ValidationError("\(other.rawValue) foresees nothing; leave it out.")
    }
    try retention.check(ranksByFilters: methods.contains(.qFilters))
  }

  func run() throws {
    var options = Fidelity.Options()
    (options.context, options.continuation) = (context, continuation)
    (options.sequences, options.compressions) = (sequences, compressions)
    options.methods = methods
    options.retention = retention.retention
    let (text, bank) = (try TextFile.documents(file), try filters.load())
    let model = try model.load()
    let folder = try out.map {
      try ReportFolder($0, for: model, bank, replacesAnything: force.replacesAnything)
    }
    let results = try Fidelity(
      model, filters: (bank, filters.path), text: text, options: options
    ).run(out: out, progress: ProgressBar().show)
    if let out { try FilterEnergy.write(bank, of: model, to: out) }
    // Before standard output, which may be closed.
    try folder?.write()
    if report.json { return try Terminal.json(results) }
    Terminal.line(FidelityReport(results).table)
  }
}
