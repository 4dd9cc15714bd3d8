import ArgumentParser
import Inference
import Reports
import Workflows

struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate", abstract: "Generate from a prompt, without a snapshot.",
    discussion: """
      The prompt is completed as it is. Special tokens in the prompt are recognised. With --budget \
      the context may be longer than the model's: pairs are evicted, positions continue.

      Ctrl-C ends an answer where it is. --json has ids, text and stop (end, length, context or \
      interrupted), promptTokens, prefillSeconds and decodeSeconds.
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var prompt: PromptOptions
  @Flag(help: "Wrap the prompt in the model's chat template.") var chat = false
  @OptionGroup var generation: GenerationOptions
  @OptionGroup var precision: PrecisionOption
  @OptionGroup var budget: BudgetOptions
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable {
    let ids: [Int]
    let text: String
    let stop: GenerationResult.Stop
    let promptTokens: Int
    let prefillSeconds: Double
    let decodeSeconds: Double
    let kernels: String
    let blas: String
  }

  func validate() throws {
    guard budget.budget != nil || budget.filters == nil else {
      throw ValidationError("--filters needs --budget.")
    }
  }

  func run() throws {
    let text = try prompt.text()
    var options = generation.options
    options.eviction = try budget.eviction()
    let model = try model.load()
    let bar = ProgressBar()
    let result = try Generate.run(
      model, text: text, usesChat: chat, element: precision.element, options: options,
      progress: bar.show, emit: { report.json ? StartTime.mark($0) : Terminal.write($0) })
    if report.json { try Terminal.json(self.report(result)) } else { note(result, model) }
    if !chat, model.takesChatInstead(of: text) {
      Terminal.advise(
        "\(model.name) is a chat model; give --chat to have the prompt answered")
    }
  }

  private func note(_ result: Generate.Result, _ model: LoadedModel) {
    let new = result.generation
    Terminal.line("")
    new.adviseIfCut(model)
    Terminal.note(
      "\(Format.count(result.promptTokens, "token")) prefilled in "
        + "\(Format.seconds(result.prefillSeconds)), "
        + "\(new.ids.count) generated in \(Format.seconds(new.decodeSeconds))")
  }

  private func report(_ result: Generate.Result) -> Report {
    Report(
      ids: result.generation.ids, text: result.generation.text, stop: result.generation.stop,
      promptTokens: result.promptTokens, prefillSeconds: result.prefillSeconds,
      decodeSeconds: result.generation.decodeSeconds,
      kernels: Runtime.kernels.isa, blas: Runtime.kernels.blas)
  }
}
