import ArgumentParser
import QFilters
import Workflows

struct PrefillCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prefill",
    abstract: "Prefill a document once and write its KV cache as a snapshot.",
    discussion: """
      With --chat the document is the beginning of a user's turn, which the prompt given to \
      `resume` completes.
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var method: MethodOptions
  @Option(help: "A UTF-8 file that holds the document.") var promptFile: String
  @Flag(help: "Begin a turn of the model's chat template.") var chat = false
  @Option(help: "Store only the best 1/N of the pairs; without it every tier is stored.")
  var compression: Int?
  @OptionGroup var precision: StoredPrecisionOption
  @Option(help: "So many first tokens are always kept; 4 unless a preset says otherwise.")
  var sinks: Int?
  @Option(help: "So many last tokens are always kept; 64 unless a preset says otherwise.")
  var window: Int?
  @OptionGroup var recent: RecentOption
  @Option(help: "So many first layers are always kept whole; none unless told.")
  var wholeLayers: Int?
  @Option(
    help: "A preset instead of those: kvpress keeps of each head what its score says, no more.")
  var ranking: RankingPreset?
  @Option(help: "Where to write the snapshot (.kvsnap).") var out: String
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable {
    let tokens: Int
    let prefillSeconds: Double
    let writeSeconds: Double
    let bytes: UInt64
    let cacheBytes: Int
  }

  /// What is always kept, named after its source.
  enum RankingPreset: String, ExpressibleByArgument, CaseIterable { case kvpress }

  func validate() throws {
    try validateCompression(compression)
    guard ranking == nil || (sinks, window, wholeLayers, recent.recent) == (nil, nil, nil, 0) else {
      throw ValidationError(
        "--ranking stands for --sinks, --window, --recent and --whole-layers; leave them out.")
    }
    for (name, value) in [("sinks", sinks), ("window", window), ("whole-layers", wholeLayers)] {
      guard (0...1 << 30).contains(value ?? 0) else {
        throw ValidationError("--\(name) must be from 0 to \(1 << 30).")
      }
    }
    guard out.hasSuffix(".kvsnap") else { throw ValidationError("--out must end in .kvsnap.") }
  }

  private var options: Prefill.Options {
    var options = Prefill.Options()
    options.usesChat = chat
    options.compression = compression ?? 1
    if let precision = precision.precision { options.precision = precision }
    switch ranking {
    case .kvpress:
      options.ranking = Ranking(sinks: 0, window: 0)
      options.ranksHiddenLast = false
    case nil:
      let ranking = options.ranking
      options.ranking = Ranking(
        sinks: sinks ?? ranking.sinks, window: window ?? ranking.window, recent: recent.recent)
      options.wholeLayers = wholeLayers ?? options.wholeLayers
    }
    return options
  }

  func run() throws {
    let text = try TextFile.read(promptFile)
    guard let ranking = try method.load() else {
      throw ValidationError("Give --filters, or another --method than q-filters.")
    }
    let bar = ProgressBar()
    let result = try Prefill.run(
      try model.load(), method: ranking, text: text, options: options, out: out,
      progress: bar.show)
    if report.json {
      return try Terminal.json(
        Report(
          tokens: result.tokens, prefillSeconds: result.prefillSeconds,
          writeSeconds: result.writeSeconds, bytes: result.bytes, cacheBytes: result.cacheBytes))
    }
    Terminal.line(
      "\(out): \(result.tokens) tokens prefilled in \(Format.seconds(result.prefillSeconds)), "
        + "written in \(Format.seconds(result.writeSeconds)), \(Format.bytes(result.bytes)) "
        + "(\(Format.bytes(result.cacheBytes)) in memory)")
  }
}
