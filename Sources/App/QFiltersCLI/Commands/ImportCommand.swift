import ArgumentParser
import ByteIO
import CacheCodec
import CacheFormat
import QFilters
import Reports
import Workflows

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Make a snapshot of another engine's KV cache, or a filter bank from the hub.",
    discussion: """
      A KV cache is a state file of llama.cpp (a session, or one sequence), a prompt cache of \
      mlx-lm, or safetensors: as `export` writes them, or with one tensor for each layer. It is \
      ranked and written as `prefill` does. Files of llama.cpp and mlx-lm do not say which model \
      they are of. So the model computes the first 32 tokens again, and a cache whose keys and \
      values differ by more than half is an identity mismatch. A file without token ids needs \
      --tokens or --text.

      A folder with config.json and model.safetensors, as the paper's authors publish Q-Filters, \
      becomes a filter bank. The filters must be those of this model: the hub's files say only \
      how many layers and heads it has. Such a bank ranks by the published score, with equal \
      budgets.
      """)

  @Argument(
    help: "File with a KV cache, or folder with config.json and model.safetensors.",
    completion: .file())
  var file: String
  @OptionGroup var model: ModelOption
  @Option(
    help: ArgumentHelp(
      "Snapshot (.kvsnap) or filter bank (.qfilt) to write.", valueName: "file"),
    completion: .file(extensions: ["kvsnap", "qfilt"]))
  var out: String
  @OptionGroup var cache: CacheImportOptions
  @OptionGroup var force: ForceOption
  @OptionGroup var report: ReportOptions

  private struct FilterReport: Encodable {
    let layers, kvHeads, headLength: Int
    let bytes: UInt64
  }

  private struct Report: Encodable {
    let format: ForeignFormat
    let tokens: Int
    let difference: Float
    let loadSeconds: Double
    let writeSeconds: Double
    let bytes: UInt64
    let cacheBytes: Int
  }

  func validate() throws {
    guard out.hasSuffix(".qfilt") || out.hasSuffix(".kvsnap") else {
      throw ValidationError("--out must end in .kvsnap, or in .qfilt for filters.")
    }
    guard out.hasSuffix(".kvsnap") || !cache.isGiven else {
      throw ValidationError("A filter bank takes no option but --model, --out and --force.")
    }
  }

  func run() throws {
    if out.hasSuffix(".qfilt") { return try importFilters() }
    try force.check(out, as: .snapshot, reading: [file])
    let (ranking, tokens, options) = (try cache.ranking(), try cache.given(), try cache.options())
    let bar = ProgressBar()
    let result = try CacheImport.run(
      file, try model.load(), tokens: tokens, scorer: ranking,
      precision: cache.precision.precision, options: options, out: out, progress: bar.show)
    if report.json {
      return try Terminal.json(
        Report(
          format: result.format, tokens: result.tokens, difference: result.difference,
          loadSeconds: result.loadSeconds, writeSeconds: result.written.seconds,
          bytes: result.written.bytes, cacheBytes: result.cacheBytes))
    }
    Terminal.line(
      "\(out): \(Format.count(result.tokens, "token")) imported (\(result.format.rawValue)), "
        + "ranked and written in \(Format.seconds(result.written.seconds)), "
        + "\(Format.bytes(result.written.bytes)) "
        + "(\(Format.bytes(result.cacheBytes)) in memory)")
  }

  private func importFilters() throws {
    try force.check(out, as: .filterBank)
    let (shape, bytes) = try FilterExchange.importHub(
      folder: file, try model.load(.mapped), out: out)
    if report.json {
      return try Terminal.json(
        FilterReport(
          layers: shape.layers, kvHeads: shape.kvHeads, headLength: shape.headLength,
          bytes: bytes))
    }
    Terminal.line("\(out): Q-Filters of \(shape), \(Format.bytes(bytes))")
  }
}
