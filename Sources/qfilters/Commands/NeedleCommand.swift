import ArgumentParser
import ByteIO
import QFilters
import Workflows

struct NeedleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "needle",
    abstract: "Hide a sentence in a long text, and see who still finds it.",
    discussion: """
      For every length and depth the text is prefilled once; each method and compression then answers \
      from its own 1/N of the pairs. Every method keeps n/N pairs of each head, its sinks and window \
      among them. With --out, a folder gets needle.json, needle.csv and needle.svg.
      """)

  @OptionGroup var model: ModelOption
  @Option(help: "The model's filter bank (.qfilt).") var filters: String
  @Option(help: "A folder whose .txt files are the haystack.") var haystack: String
  @Option(help: "The sentence that is hidden.") var needle = Needle.Options().needle
  @Option(help: "What is asked.") var question = Needle.Options().question
  @Option(help: "A right answer holds this, in letters of any case.")
  var answer = Needle.Options().answer
  @Option(help: "Lengths in tokens, separated by commas.", transform: Self.numbers)
  var lengths = Needle.Options().lengths
  @Option(help: "So many depths, evenly from the beginning to the end.")
  var depths = Needle.Options().depths
  @Option(help: "Compressions ×N, separated by commas.", transform: Self.numbers)
  var compressions = Needle.Options().compressions
  @Option(
    help:
      "Methods, separated by commas: \(Method.allCases.map(\.rawValue).joined(separator: ", ")).",
    transform: Self.methods)
  var methods = Needle.Options().methods
  @Option(help: "A folder for JSON, CSV and a picture.") var out: String?
  @OptionGroup var report: ReportOptions

  private static func numbers(_ text: String) throws -> [Int] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let number = Int(part), (1...1 << 24).contains(number) else {
        throw ValidationError("\(part) is no whole number from 1 to \(1 << 24).")
      }
      return number
    }
  }

  private static func methods(_ text: String) throws -> [Method] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let method = Method(rawValue: String(part)) else {
        let known = Method.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("\(part) is no method; there are \(known).")
      }
      return method
    }
  }

  func validate() throws {
    guard (1...1000).contains(depths) else {
      throw ValidationError("--depths must be from 1 to 1000.")
    }
    guard lengths.allSatisfy({ $0 >= 64 }) else {
      throw ValidationError("--lengths must be 64 or more.")
    }
    for (name, text) in [("needle", needle), ("question", question), ("answer", answer)] {
      guard !text.isEmpty else { throw ValidationError("--\(name) is empty.") }
    }
  }

  private var options: Needle.Options {
    var options = Needle.Options()
    (options.needle, options.question, options.answer) = (needle, question, answer)
    (options.lengths, options.depths) = (lengths, depths)
    (options.compressions, options.methods) = (compressions, methods)
    return options
  }

  func run() throws {
    let bank = try FilterBank(path: filters)
    if let out { try Folder.create(out) }
    let bar = ProgressBar()
    var cells: [Needle.Cell] = []
    try Needle.run(
      try model.load(), bank: bank, bankPath: filters, haystack: haystack, options: options,
      progress: bar.show
    ) { cells.append($0) }
    let report = NeedleReport(cells: cells)
    if let out { try report.write(to: out) }
    if self.report.json { return try Terminal.json(report) }
    Terminal.line(report.table)
  }
}
