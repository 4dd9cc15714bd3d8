import ArgumentParser
import Workflows

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Load a snapshot, add a prompt and generate.",
    discussion: """
      Without --compression the whole cache is read, as with --decompressed. With it, only the \
      best 1/N of the pairs are read and attended to. With --recall, every pair is read once, one \
      layer at a time, and as many are kept as ×N keeps: those that the prompt itself attends to, \
      and the best-ranked ones.
      """)

  @Argument(help: "The snapshot (.kvsnap).") var snapshot: String
  @OptionGroup var model: ModelOption
  @OptionGroup var prompt: PromptOptions
  @Option(help: "Read and attend to only the best 1/N of the pairs.") var compression: Int?
  @Option(help: "Keep 1/N of the pairs: those that the prompt asks for.") var recall: Int?
  @Flag(help: "Read the whole cache, bit for bit.") var decompressed = false
  @OptionGroup var generation: GenerationOptions
  @OptionGroup var budget: BudgetOptions
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable {
    let ids: [Int]
    let text: String
    let loadSeconds: Double
    let firstTokenSeconds: Double
    let decodeSeconds: Double
    let pairs: Int
    let cacheBytes: Int
    let bytesRead: UInt64
    let contextTokens: Int
  }

  func validate() throws {
    try validateCompression(compression)
    try validateCompression(recall, option: "--recall")
    guard [compression != nil, recall != nil, decompressed].filter(\.self).count <= 1 else {
      throw ValidationError("Give one of --compression, --recall and --decompressed.")
    }
  }

  private var selection: Resume.Selection {
    compression.map(Resume.Selection.compressed) ?? recall.map(Resume.Selection.recalled) ?? .whole
  }

  func run() throws {
    let text = try prompt.text()
    var options = generation.options
    options.eviction = try budget.eviction()
    let model = try model.load()
    let result = try Resume.run(
      model, snapshot: snapshot, text: text, selection: selection,
      options: options, emit: { if !report.json { Terminal.write($0) } })
    if report.json { return try Terminal.json(self.report(result)) }
    Terminal.line("")
    Terminal.note(
      "\(result.contextTokens) tokens resumed: \(Format.bytes(result.bytesRead)) read in "
        + "\(Format.seconds(result.loadSeconds)), first token after "
        + Format.seconds(result.firstTokenSeconds))
  }

  private func report(_ result: Resume.Result) -> Report {
    Report(
      ids: result.generation.ids, text: result.generation.text, loadSeconds: result.loadSeconds,
      firstTokenSeconds: result.firstTokenSeconds, decodeSeconds: result.generation.decodeSeconds,
      pairs: result.pairs, cacheBytes: result.cacheBytes, bytesRead: result.bytesRead,
      contextTokens: result.contextTokens)
  }
}
