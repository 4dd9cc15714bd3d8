import ArgumentParser
import Evaluation
import QFilters
import Reports
import Workflows

struct PerplexityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "perplexity",
    abstract:
      "Measure perplexity: whole, under a budget, or after a compressed prompt.",
    discussion: """
      The text is cut into consecutive sequences. With --budget, tokens go through the model one \
      by one, and pairs are evicted as in `generate`. With --prompt-tokens, the first tokens of \
      each sequence are prefilled and compressed, and the tokens after them are scored.

      --window and --equal-budgets go with both. With --budget the default of --window is \
      \(Ranking.usualWindow), also with budgets by head. The other options for what is always kept \
      go with --prompt-tokens. \
      \(Compression.inOtherWords)
      """)

  @OptionGroup var model: ModelOption
  @Option(help: "UTF-8 text or JSON Lines; - for standard input.", completion: .text) var file:
    String
  @Option(help: "Number of tokens in each sequence.") var tokens = 2048
  @Option(help: "Number of sequences.") var sequences = 1
  @Option(help: "Maximum pairs per head, as a mean if heads share the budget. Default: no limit.")
  var budget: Int?
  @Option(help: "Number of first tokens of each sequence that are compressed.") var promptTokens:
    Int?
  @OptionGroup var retention: RetentionOptions
  @Option(
    help: ListOptions.help(
      "With --prompt-tokens: compressions ×N", PromptCompression.Options().compressions),
    transform: ListOptions.numbers)
  var compressions: [Int]?
  @Option(
    help: """
      With --budget or --prompt-tokens: methods that keep pairs, separated by commas: \
      \(Self.methodNames). Default: q-filters.
      """,
    completion: ListOptions.completion(besides: [.recall]),
    transform: ListOptions.methods)
  var method: [Method]?
  @Option(
    help: ArgumentHelp(
      "Filter bank of the model (.qfilt), for q-filters and --prompt-tokens.",
      valueName: "file"), completion: .filterBank)
  var filters: String?
  @Option(
    help: ArgumentHelp(
      "Folder for every sequence's scores, tables and pictures.", valueName: "folder"),
    completion: .directory)
  var out: String?
  @OptionGroup var force: ForceOption
  @OptionGroup var report: ReportOptions

  func validate() throws {
    guard (2...1 << 24).contains(tokens) else {
      throw ValidationError("--tokens must be from 2 to \(1 << 24).")
    }
    guard (1...1 << 24).contains(sequences) else {
      throw ValidationError("--sequences must be from 1 to \(1 << 24).")
    }
    guard budget == nil || promptTokens == nil else {
      throw ValidationError("Give one of --budget and --prompt-tokens.")
    }
    try validateBudget()
    try validatePrompt()
    try retention.check(ranksByFilters: methods.contains(.qFilters))
    guard filters != nil || !needsFilters else {
      throw ValidationError(
        promptTokens == nil
          ? "--budget with q-filters needs --filters." : "--prompt-tokens needs --filters.")
    }
  }

  private static let methodNames = Method.allCases.filter { $0 != .recall }.map(\.rawValue)
    .joined(separator: ", ")

  private var needsFilters: Bool {
    promptTokens != nil || budget != nil && methods.contains(.qFilters)
  }

  private var methods: [Method] { method ?? [.qFilters] }

  /// How many last pairs always stay under a budget.
  private var keptWindow: Int { retention.window ?? Ranking.usualWindow }

  private func validateBudget() throws {
    guard let budget else {
      guard method == nil || method == [.full] || promptTokens != nil else {
        throw ValidationError("--method needs --budget or --prompt-tokens.")
      }
      guard filters == nil || promptTokens != nil else {
        throw ValidationError("--filters needs --budget or --prompt-tokens.")
      }
      return
    }
    guard (1...1 << 24).contains(budget) else {
      throw ValidationError("--budget must be from 1 to \(1 << 24).")
    }
    if let other = methods.first(where: { $0 != .full && !BudgetOptions.methods.contains($0) }) {
      throw ValidationError("\(other.rawValue) cannot rank under a budget.")
    }
    guard (0..<budget).contains(keptWindow) else {
      throw ValidationError(
        """
        --window (\(keptWindow)) must be less than the budget of \(budget): otherwise nothing is \
        left to rank, and every method holds the same.
        """)
    }
    guard filters == nil || needsFilters else {
      throw ValidationError("--filters is for the method q-filters alone.")
    }
  }

  private func validatePrompt() throws {
    guard let promptTokens else {
      guard compressions == nil else {
        throw ValidationError("--compressions needs --prompt-tokens.")
      }
      let both = ["--window", "--equal-budgets"]
      if let name = retention.given.first(where: { budget == nil || !both.contains($0) }) {
        throw ValidationError(
          "\(name) needs \(both.contains(name) ? "--budget or " : "")--prompt-tokens.")
      }
      return
    }
    guard promptTokens >= 1, promptTokens <= tokens - 2 else {
      throw ValidationError("--prompt-tokens must be from 1 to two fewer than --tokens.")
    }
    guard !methods.contains(.recall) else {
      throw ValidationError("recall needs a question, which a continuation does not have.")
    }
  }

  func run() throws {
    let text = Perplexity.Text(
      try TextFile.documents(file), sequences: sequences, length: tokens)
    let bank = try filters.map(FilterBank.init(path:))
    let model = try model.load()
    let folder = try out.map {
      try ReportFolder($0, for: model, bank, replacesAnything: force.replacesAnything)
    }
    let results = try results(text, bank, model)
    // Before standard output, which may be closed.
    try folder?.write()
    let first = budget == nil && promptTokens == nil ? Method.full : methods[0]
    let report = PerplexityOutput(
      results,
      first: results.summary(
        first, compression: promptTokens == nil || first == .full ? 1 : keptCompressions[0],
        sequences: sequences),
      tokens: sequences * tokens, budget: budget, isPrompt: promptTokens != nil)
    if self.report.json { try Terminal.json(report) } else { Terminal.line("\(report)") }
  }

  private var keptCompressions: [Int] { compressions ?? PromptCompression.Options().compressions }

  private func results(
    _ text: Perplexity.Text, _ bank: FilterBank?, _ model: LoadedModel
  ) throws -> Results<Perplexity.Cell> {
    let bar = ProgressBar()
    guard let promptTokens, let bank else {
      let budget = budget.map {
        Perplexity.Budget(
          pairs: $0, window: keptWindow, isEqual: retention.retention.hasEqualBudgets)
      }
      return try Perplexity(
        model, text, methods: budget == nil ? [.full] : methods, budget: budget,
        filters: bank.map { ($0, filters ?? "") }
      ).run(out: out, progress: bar.show)
    }
    var options = PromptCompression.Options()
    options.promptTokens = promptTokens
    options.compressions = keptCompressions
    options.methods = methods
    options.retention = retention.retention
    return try PromptCompression(
      model, text, filters: (bank, filters ?? ""), options: options
    ).run(out: out, progress: bar.show)
  }
}
