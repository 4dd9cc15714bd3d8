import ArgumentParser
import ByteIO
import Evaluation
import QFilters
import Reports
import Tokenization
import Workflows

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Run all evaluations with their usual settings, on one page.",
    discussion: """
      Needles in texts of 1,024 to 7,500 tokens; perplexity of eight sequences of 1,536 tokens \
      under a budget of 256; perplexity of 1,024 tokens after 4,096 compressed ones; fidelity by \
      layer and head. Parts that need a longer context or text are left out. The texts \
      are those of the haystack.
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var filters: FiltersOption
  @Option(
    help: ArgumentHelp("Folder whose .txt files are the texts.", valueName: "folder"),
    completion: .directory)
  var haystack: String
  @Option(
    help: ArgumentHelp("Folder that gets the report.", valueName: "folder"),
    completion: .directory)
  var out: String
  @OptionGroup var force: ForceOption
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable { let page: String }

  func run() throws {
    let bank = try filters.load()
    let text = try Haystack.read(folder: haystack)
    let model = try model.load()
    let folder = try ReportFolder(
      out, for: model, bank, replacesAnything: force.replacesAnything)
    let plan = Plan(
      model: model, bank: bank, bankPath: filters.path, text: text,
      tokens: model.tokenizer.encode(text, parsingSpecials: false).count, out: out)
    let parts = try plan.parts()
    guard !parts.isEmpty else { throw NothingMeasured(haystack: haystack) }
    for measure in parts {
      try measure()
      try folder.write()
    }
    let page = Folder.path(out, ReportFolder.page)
    if report.json { return try Terminal.json(Report(page: page)) }
    Terminal.line(page)
  }

  struct NothingMeasured: CategorisedError {
    let haystack: String

    var category: FailureCategory { .other }

    var description: String {
      "nothing was measured: every part needs more text than \(haystack) has, or a longer context"
    }
  }

  /// The parts of a report, quick ones first. Each takes as many sequences as a short text has. A
  /// part for which there is no room is left out, with a message.
  private struct Plan {
    let model: LoadedModel
    let bank: FilterBank
    let bankPath: String
    let text: [UInt8]
    let tokens: Int
    let out: String

    /// What measures each part. The folder is checked first: each part can continue what it holds.
    func parts() throws -> [() throws -> Void] {
      try [fidelity(), continuation(), perplexity(), needle()].compactMap(\.self)
    }

    /// How many sequences of a length the text has, at most eight; nil if there is none.
    private func sequences(_ part: String, of length: Int) -> Int? {
      let count = min(8, tokens / max(1, length))
      guard count == 0 else { return count }
      Terminal.error(
        "\(part) is left out: the text has \(tokens) tokens, but needs \(length).")
      return nil
    }

    private func fidelity() throws -> (() throws -> Void)? {
      var options = Fidelity.Options()
      options.context = min(options.context, model.contextLength - options.continuation)
      guard options.context > 0,
        let count = sequences("fidelity", of: options.context + options.continuation)
      else { return nil }
      options.sequences = count
      let task = Fidelity(model, filters: (bank, bankPath), text: text, options: options)
      try task.check(out: out)
      return {
        _ = try task.run(out: out, progress: ProgressBar().show)
        try FilterEnergy.write(bank, of: model, to: out)
      }
    }

    private func continuation() throws -> (() throws -> Void)? {
      let length = min(5120, model.contextLength)
      guard length > 2, let count = sequences("continuation", of: length) else { return nil }
      var options = PromptCompression.Options()
      options.promptTokens = length * 4 / 5
      let text = Perplexity.Text(text, sequences: count, length: length)
      let task = PromptCompression(model, text, filters: (bank, bankPath), options: options)
      try task.check(out: out)
      return { _ = try task.run(out: out, progress: ProgressBar().show) }
    }

    private func perplexity() throws -> (() throws -> Void)? {
      let length = min(1536, model.contextLength)
      let budget = Perplexity.Budget(pairs: length / 6, window: length / 24, isEqual: false)
      guard budget.pairs > 0, let count = sequences("perplexity", of: length) else { return nil }
      let text = Perplexity.Text(text, sequences: count, length: length)
      let task = Perplexity(
        model, text, methods: [.full, .qFilters, .streamingLLM, .kNorm], budget: budget,
        filters: (bank, bankPath))
      try task.check(out: out)
      return { _ = try task.run(out: out, progress: ProgressBar().show) }
    }

    private func needle() throws -> (() throws -> Void)? {
      var options = Needle.Options()
      // The template, the question and the answer take room too.
      let fitting = options.lengths.filter { $0 + 256 <= model.contextLength && $0 <= tokens }
      let left = options.lengths.filter { !fitting.contains($0) }.map(String.init)
      if !left.isEmpty {
        Terminal.error(
          "needles at \(left.joined(separator: ", ")) tokens are left out: the model's context "
            + "has \(model.contextLength) tokens, the text \(tokens).")
      }
      guard !fitting.isEmpty else { return nil }
      options.lengths = fitting
      let task = Needle(model, filters: (bank, bankPath), haystack: text, options: options)
      try task.check(out: out)
      return { _ = try task.run(out: out, progress: ProgressBar().show) }
    }
  }
}
