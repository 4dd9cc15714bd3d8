import ArgumentParser
import Evaluation
import QFilters
import Reports
import Workflows

struct NeedleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "needle",
    abstract: "Hide a sentence in a long text, and count which methods still find it.",
    discussion: """
      For every length and depth the text is prefilled once. Each method and compression then \
      answers from its own 1/N of the pairs, sinks and window among them. \
      \(Compression.inOtherWords)

      The tasks multi-key, multi-value and variable-tracking follow RULER (arXiv 2404.06654) \
      and come from --seed.
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var filters: FiltersOption
  @Option(
    help: ArgumentHelp("Folder whose .txt files are the haystack.", valueName: "folder"),
    completion: .directory)
  var haystack: String
  @Option(
    help: "Hidden text: needle (the default), multi-key, multi-value, variable-tracking.",
    completion: .list(Needle.Task.allCases.map(\.rawValue)),
    transform: Self.task)
  var task = Needle.Task.needle
  @Option(help: "Seed of what is hidden, in all tasks but needle. Default: 0.") var seed: UInt64?
  @Option(
    help: "With the task needle: hidden sentence (default: \(Needle.Options().needle)).")
  var needle: String?
  @Option(help: "With the task needle: question (default: \(Needle.Options().question)).")
  var question: String?
  @Option(
    help: """
      With the task needle: text that a right answer contains, in any case (default: \
      \(Needle.Options().answer)).
      """)
  var answer: String?
  @Option(help: "With the task needle: text that every answer begins with. Default: none.")
  var begin: String?
  @Option(
    help: ListOptions.help("Lengths in tokens", Needle.Options().lengths),
    transform: ListOptions.numbers)
  var lengths = Needle.Options().lengths
  @Option(
    help: "Number of depths, evenly spaced from start to end; 1 is the middle.")
  var depths = Needle.Options().depths
  @Option(
    help: ListOptions.help("Compressions ×N", Needle.Options().compressions),
    transform: ListOptions.numbers)
  var compressions = Needle.Options().compressions
  @Option(
    help: ListOptions.methodHelp(Needle.Options().methods), completion: ListOptions.completion(),
    transform: ListOptions.methods)
  var methods = Needle.Options().methods
  @OptionGroup var retention: RetentionOptions
  @OptionGroup var reach: ReachOption
  @Option(
    help: ArgumentHelp("Folder for every answer, tables and pictures.", valueName: "folder"),
    completion: .directory)
  var out: String?
  @OptionGroup var force: ForceOption
  @OptionGroup var report: ReportOptions

  private static func task(_ text: String) throws -> Needle.Task {
    guard let task = Needle.Task(rawValue: text) else {
      let known = Needle.Task.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("\(text) is not a task; known: \(known).")
    }
    return task
  }

  func validate() throws {
    guard (1...1000).contains(depths) else {
      throw ValidationError("--depths must be from 1 to 1000.")
    }
    try retention.check(ranksByFilters: methods.contains { [.qFilters, .recall].contains($0) })
    guard lengths.allSatisfy({ $0 >= 64 }) else {
      throw ValidationError("--lengths must be 64 or more.")
    }
    let texts = [
      ("needle", needle), ("question", question), ("answer", answer), ("begin", begin),
    ]
    for (name, text) in texts {
      guard text?.allSatisfy(\.isWhitespace) != true else {
        throw ValidationError("--\(name) is empty.")
      }
      guard text == nil || task == .needle else {
        throw ValidationError("--\(name) is for the task needle alone.")
      }
    }
    guard seed == nil || task != .needle else {
      throw ValidationError("--seed is for the generated tasks alone.")
    }
  }

  private var options: Needle.Options {
    var options = Needle.Options()
    (options.task, options.seed) = (task, seed ?? 0)
    options.needle = needle ?? options.needle
    options.question = question ?? options.question
    options.answer = answer ?? options.answer
    options.begin = begin ?? options.begin
    (options.lengths, options.depths) = (lengths, depths)
    (options.compressions, options.methods) = (compressions, methods)
    (options.retention, options.reach) = (retention.retention, reach.reach)
    return options
  }

  func run() throws {
    let (text, bank) = (try Haystack.read(folder: haystack), try filters.load())
    let model = try model.load()
    let folder = try out.map {
      try ReportFolder($0, for: model, bank, replacesAnything: force.replacesAnything)
    }
    let results = try Needle(
      model, filters: (bank, filters.path), haystack: text, options: options
    ).run(out: out, progress: ProgressBar().show)
    // Before standard output, which may be closed.
    try folder?.write()
    if report.json { return try Terminal.json(results) }
    Terminal.line(NeedleReport(results, task).table)
  }
}
