import Reports
import ArgumentParser
import Workflows

struct RecompressCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recompress",
    abstract: "Make a smaller snapshot from one, or rank it anew, without its model.",
    discussion: """
      A snapshot that holds only ×N can be made smaller than that, not larger; one can only be ranked \
      anew when it holds the whole cache. What is not asked for stays as it is. In layers with a sliding \
      window, `prefill` ranks last what no later token sees; a snapshot does not hold its model's \
      windows, so that --method ranks such layers by score alone, and by Q-Filters as they were published.

      A snapshot that goes on from others becomes one with them, which needs them no more. If they \
      were not all ranked by one method and filter bank, that needs --method. Where they are in int8 \
      or int4, it holds what they are decoded to, bit for bit, which takes more room; with --precision, \
      that is quantised anew.
      """)

  @Argument(help: "Snapshot (.kvsnap).", completion: .snapshot) var snapshot: String
  @Option(
    help: "Compression ×N: only the best 1/N of the pairs are kept. Default: all that are stored.")
  var compression: Int?
  @OptionGroup var precision: StoredPrecisionOption
  @OptionGroup var method: MethodOptions
  @Option(
    help: ArgumentHelp("Snapshot to write (.kvsnap).", valueName: "file"), completion: .snapshot)
  var out: String
  @OptionGroup var parents: ParentOptions
  @OptionGroup var force: ForceOption
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable { let bytes: UInt64 }

  func validate() throws {
    try validateCompression(compression)
    guard out.hasSuffix(".kvsnap") else { throw ValidationError("--out must end in .kvsnap.") }
  }

  func run() throws {
    try Recompress.checkOut(out, snapshot: snapshot, parents: parents.files)
    try force.check(out, as: .snapshot, reading: [snapshot])
    var options = Recompress.Options()
    options.compression = compression
    options.precision = precision.precision
    options.scorer = try method.load()
    let bar = ProgressBar()
    let bytes = try Recompress.run(
      snapshot: snapshot, parents: parents.files, options: options, out: out, progress: bar.show)
    if report.json { return try Terminal.json(Report(bytes: bytes)) }
    let isByFilters = options.scorer != nil && method.isFilters
    Terminal.line(
      "\(out): \(Format.bytes(bytes))"
        + (isByFilters ? ", ranked by Q-Filters as they were published" : ""))
  }
}
