import ArgumentParser
import ByteIO
import QFilters
import Tokenization
import Workflows

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "All evaluations with their usual settings, on one page.",
    discussion: """
      Needles in texts of 1,024 to 7,500 tokens; perplexity of eight sequences of 1,536 tokens under a \
      budget of 256; perplexity of 1,024 tokens behind 4,096 compressed ones; fidelity by layer and head. \
      What does not fit the model's context, or the text, is left out. The texts are those of the haystack.
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
    let model = try model.load()
    let folder = try ReportFolder(opening: out, for: model, bank)
    let run = Run(
      model: model, bank: bank, bankPath: filters, text: text,
      tokens: model.tokenizer.encode(text, parsingSpecials: false).count, out: out)
    var measured = 0
    for step in [run.fidelity, run.continuation, run.perplexity, run.needle] where try step() {
      try folder.write()
      measured += 1
    }
    guard measured > 0 else { throw NothingMeasured(haystack: haystack) }
    let page = Folder.path(out, "index.html")
    if report.json { return try Terminal.json(Report(page: page)) }
    Terminal.line(page)
  }

  private struct NothingMeasured: Error, CustomStringConvertible {
    let haystack: String

    var description: String {
      "nothing was measured: every part needs more text than \(haystack) has, or a longer context; give more text"
    }
  }

  /// The parts of a report; the quick ones come first. Of a short text each takes as many sequences as there are, and
  /// one for which there is no room is left out: it returns false.
  private struct Run {
    let model: LoadedModel
    let bank: FilterBank
    let bankPath: String
    let text: [UInt8]
    let tokens: Int
    let out: String

    /// So many sequences of a length, at most eight; nil if there is none, which is said.
    private func sequences(_ part: String, of length: Int) -> Int? {
      let count = min(8, tokens / max(1, length))
      guard count == 0 else { return count }
      Terminal.error(
        "\(part) is left out: the text has \(tokens) tokens where \(length) are needed.")
      return nil
    }

    func fidelity() throws -> Bool {
      var options = Fidelity.Options()
      options.context = min(options.context, model.contextLength - options.continuation)
      guard options.context > 0,
        let count = sequences("fidelity", of: options.context + options.continuation)
      else { return false }
      options.sequences = count
      _ = try Fidelity.run(
        model, bank: bank, bankPath: bankPath, text: text, options: options, out: out,
        progress: ProgressBar().show)
      try FilterEnergy.write(bank, of: model, to: out)
      return true
    }

    func continuation() throws -> Bool {
      let length = min(5120, model.contextLength)
      guard length > 2, let count = sequences("continuation", of: length) else { return false }
      var options = PromptCompression.Options()
      options.promptTokens = length * 4 / 5
      _ = try PromptCompression.run(
        model, bank: bank, bankPath: bankPath, .init(text, sequences: count, length: length),
        options: options, out: out, progress: ProgressBar().show)
      return true
    }

    func perplexity() throws -> Bool {
      let length = min(1536, model.contextLength)
      let budget = length / 6
      guard budget > 0, let count = sequences("perplexity", of: length) else { return false }
      _ = try Perplexity.run(
        model, .init(text, sequences: count, length: length),
        methods: [.full, .qFilters, .streamingLLM, .kNorm],
        budget: .init(pairs: budget, window: budget / 4), bank: bank,
        bankPath: bankPath, out: out, progress: ProgressBar().show)
      return true
    }

    func needle() throws -> Bool {
      var options = Needle.Options()
      // The template, the question and the answer take room too.
      let fitting = options.lengths.filter { $0 + 256 <= model.contextLength && $0 <= tokens }
      let left = options.lengths.filter { !fitting.contains($0) }.map(String.init)
      if !left.isEmpty {
        Terminal.error(
          "needles at \(left.joined(separator: ", ")) tokens are left out: the model's context has "
            + "\(model.contextLength), the text \(tokens).")
      }
      guard !fitting.isEmpty else { return false }
      options.lengths = fitting
      _ = try Needle.run(
        model, bank: bank, bankPath: bankPath, haystack: text, options: options, out: out,
        progress: ProgressBar().show)
      return true
    }
  }
}
