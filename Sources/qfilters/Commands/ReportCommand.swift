import ArgumentParser
import ByteIO
import QFilters
import Workflows

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "All evaluations with their usual settings, on one page.",
    discussion: """
      Needles in texts of 1,024 to 7,500 tokens; perplexity of eight sequences of 1,536 tokens under a \
      budget of 256; perplexity of 1,024 tokens behind 4,096 compressed ones; fidelity by layer and head. \
      What does not fit the model's context is left out. The texts are those of the haystack.
      """)

  @OptionGroup var model: ModelOption
  @Option(help: "The model's filter bank (.qfilt).") var filters: String
  @Option(help: "A folder whose .txt files are the texts.") var haystack: String
  @Option(help: "The folder that gets the report.") var out: String
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable { let page: String }

  func run() throws {
    let bank = try FilterBank(path: filters)
    let text = try Haystack.read(folder: haystack)
    let run = Run(
      model: try model.load(), bank: bank, bankPath: filters, text: text,
      folder: ReportFolder(path: out))
    for step in [run.fidelity, run.continuation, run.perplexity, run.needle] {
      try step()
      try run.folder.write()
    }
    let page = Folder.path(out, "index.html")
    if report.json { return try Terminal.json(Report(page: page)) }
    Terminal.line(page)
  }

  /// The parts of a report; the quick ones come first.
  private struct Run {
    let model: LoadedModel
    let bank: FilterBank
    let bankPath: String
    let text: [UInt8]
    let folder: ReportFolder

    func fidelity() throws {
      var options = Fidelity.Options()
      options.context = min(options.context, model.contextLength - options.continuation)
      guard options.context > 0 else { return }
      _ = try Fidelity.run(
        model, bank: bank, bankPath: bankPath, text: text, options: options, out: folder.path,
        progress: ProgressBar().show)
      try FilterEnergy.write(bank, of: model, to: folder.path)
    }

    func continuation() throws {
      let length = min(5120, model.contextLength)
      guard length > 2 else { return }
      var options = PromptCompression.Options()
      options.promptTokens = length * 4 / 5
      _ = try PromptCompression.run(
        model, bank: bank, bankPath: bankPath, .init(text, sequences: 8, length: length),
        options: options, out: folder.path, progress: ProgressBar().show)
    }

    func perplexity() throws {
      let length = min(1536, model.contextLength)
      let budget = length / 6
      guard budget > 0 else { return }
      _ = try Perplexity.run(
        model, .init(text, sequences: 8, length: length),
        methods: [.full, .qFilters, .streamingLLM, .kNorm],
        budget: .init(pairs: budget, window: budget / 4), bank: bank,
        bankPath: bankPath, out: folder.path, progress: ProgressBar().show)
    }

    func needle() throws {
      var options = Needle.Options()
      // The template, the question and the answer take room too.
      options.lengths = options.lengths.filter { $0 + 256 <= model.contextLength }
      guard !options.lengths.isEmpty else { return }
      _ = try Needle.run(
        model, bank: bank, bankPath: bankPath, haystack: text, options: options, out: folder.path,
        progress: ProgressBar().show)
    }
  }
}
