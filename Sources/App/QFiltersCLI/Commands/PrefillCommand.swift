import ArgumentParser
import CacheCodec
import QFilters
import Reports
import Workflows

struct PrefillCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prefill",
    abstract: "Prefill a document once and write its KV cache as a snapshot.",
    discussion: """
      With --chat the document begins a user's turn, which the prompt of `resume` completes.
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var method: MethodOptions
  @Option(
    help: ArgumentHelp(
      "UTF-8 file that holds the document; - for standard input.", valueName: "file"),
    completion: .text)
  var promptFile: String
  @Flag(help: "Put the document into the model's chat template.") var chat = false
  @Option(
    help: """
      Compression ×N: only the best 1/N of the pairs are stored. Default: all. \
      \(Compression.inOtherWords)
      """)
  var compression: Int?
  @OptionGroup var precision: StoredPrecisionOption
  @Option(
    help: ArgumentHelp(
      "Transform of the model (.qtrans), which --precision transform needs.", valueName: "file"),
    completion: .transform)
  var transform: String?
  @OptionGroup var retention: RetentionOptions
  @Option(
    help: ArgumentHelp("Snapshot to write (.kvsnap).", valueName: "file"), completion: .snapshot)
  var out: String
  @OptionGroup var encryption: EncryptionOptions
  @OptionGroup var force: ForceOption
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable {
    let tokens: Int
    let prefillSeconds: Double
    let writeSeconds: Double
    let bytes: UInt64
    let cacheBytes: Int
    /// With a transform: how many times as large as for text like that of the transform.
    let sizeOfUsual: Double?
  }

  func validate() throws {
    try Compression.validate(compression)
    try retention.check(ranksByFilters: method.isFilters)
    guard out.hasSuffix(".kvsnap") else { throw ValidationError("--out must end in .kvsnap.") }
    guard (precision.precision?.transform != nil) == (transform != nil) else {
      throw ValidationError("--precision transform and --transform need each other.")
    }
    guard transform == nil || compression == nil else {
      throw ValidationError("A transform codes whole caches; leave --compression out.")
    }
  }

  private func options() throws -> NewSnapshot.Options {
    var options = NewSnapshot.Options()
    options.compression = compression ?? 1
    if let precision = precision.precision { options.precision = precision }
    options.transform = try TransformChoice(precision.precision, path: transform)
    options.retention = retention.retention
    options.secrets = try encryption.secrets
    return options
  }

  func run() throws {
    try force.check(out, as: .snapshot)
    let text = try TextFile.read(promptFile)
    guard let ranking = try method.load() else {
      throw ValidationError(
        "Give the model's filter bank with --filters, or a --method without one, such as k-norm.")
    }
    let options = try options()
    let model = try model.load()
    if !chat, model.takesChatInstead(of: text) {
      Terminal.advise(
        "\(model.name) is a chat model; to ask about this text, prefill it with --chat")
    }
    let bar = ProgressBar()
    let result = try Prefill.run(
      model, scorer: ranking, text: text, usesChat: chat, options: options, out: out,
      progress: bar.show)
    if let transform, let fit = result.written.fit { Terminal.advise(out, transform, fit) }
    if result.written.isAlwaysWhole, !retention.given.isEmpty {
      Terminal.advise(
        "\(out): --sinks, --window or --whole-layers protect every pair, so each ×N keeps them all")
    }
    if report.json {
      return try Terminal.json(
        Report(
          tokens: result.tokens, prefillSeconds: result.prefillSeconds,
          writeSeconds: result.written.seconds, bytes: result.written.bytes,
          cacheBytes: result.cacheBytes,
          sizeOfUsual: result.written.fit?.size))
    }
    Terminal.line(
      "\(out): \(Format.count(result.tokens, "token")) prefilled in "
        + "\(Format.seconds(result.prefillSeconds)), "
        + "ranked and written in \(Format.seconds(result.written.seconds)), "
        + "\(Format.bytes(result.written.bytes)) "
        + "(\(Format.bytes(result.cacheBytes)) in memory)")
  }
}
