import ArgumentParser
import Workflows

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measure a model on a text.",
    subcommands: [PerplexityCommand.self, NeedleCommand.self])
}

struct PerplexityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "perplexity",
    abstract:
      "Language modelling over consecutive sequences, with the whole cache or under a budget.",
    discussion: """
      With --budget, tokens go through the model one by one, and pairs are let go as while generating.
      """)

  @OptionGroup var model: ModelOption
  @Option(help: "A UTF-8 text file.") var file: String
  @Option(help: "Tokens in each sequence.") var tokens = 2048
  @Option(help: "How many sequences.") var sequences = 1
  @OptionGroup var budget: BudgetOptions
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable {
    let tokens: Int
    let meanNegativeLogLikelihood: Double
    let perplexity: Double
    let perplexityAfterBudget: Double?
  }

  func validate() throws {
    guard (2...1 << 24).contains(tokens) else {
      throw ValidationError("--tokens must be from 2 to \(1 << 24).")
    }
    guard (1...1 << 24).contains(sequences) else {
      throw ValidationError("--sequences must be from 1 to \(1 << 24).")
    }
  }

  func run() throws {
    let text = try TextFile.read(file)
    let bar = ProgressBar()
    let result = try Perplexity.run(
      try model.load(), text: text, sequences: sequences, length: tokens,
      eviction: try budget.eviction(), progress: bar.show)
    if report.json {
      return try Terminal.json(
        Report(
          tokens: result.tokens, meanNegativeLogLikelihood: result.meanNegativeLogLikelihood,
          perplexity: result.perplexity, perplexityAfterBudget: result.perplexityAfterBudget))
    }
    Terminal.line(
      "\(result.tokens) tokens, mean negative log-likelihood "
        + "\(Format.fixed(result.meanNegativeLogLikelihood, 6)), "
        + "perplexity \(Format.fixed(result.perplexity, 4))"
        + (result.perplexityAfterBudget.map { ", after the budget \(Format.fixed($0, 4))" } ?? ""))
  }
}
