import ArgumentParser
import Workflows

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Load a snapshot, add a prompt and generate.",
    discussion: """
      Without --compression the whole cache is read, as with --decompressed. With it, only the \
      best 1/N of the pairs are read and attended to.
      """)

  @Argument(help: "The snapshot (.kvsnap).") var snapshot: String
  @OptionGroup var model: ModelOption
  @OptionGroup var prompt: PromptOptions
  @Option(help: "Read and attend to only the best 1/N of the pairs.") var compression: Int?
  @Flag(help: "Read the whole cache, bit for bit.") var decompressed = false
  @OptionGroup var generation: GenerationOptions
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
    guard compression == nil || !decompressed else {
      throw ValidationError("Give one of --compression and --decompressed.")
    }
  }

  func run() throws {
    let text = try prompt.text()
    let model = try model.load()
    let result = try Resume.run(
      model, snapshot: snapshot, text: text, compression: compression,
      options: generation.options, emit: { if !report.json { Terminal.write($0) } })
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
