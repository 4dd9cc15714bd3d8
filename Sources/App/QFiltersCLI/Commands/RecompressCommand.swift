import ArgumentParser
import ByteIO
import CacheCodec
import Reports
import Workflows

struct RecompressCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recompress",
    abstract: "Make a snapshot smaller, rank it anew, or merge its chain, without its model.",
    discussion: """
      A snapshot that holds only ×N can be made smaller, not larger. Only one that holds the \
      whole cache can be ranked anew. What is not asked for stays as it is.

      With a filter bank that has a linear score, --method ranks as `prefill` does. Otherwise the \
      model's windows and RoPE are not known. Then Q-Filters rank as published, and layers with a \
      sliding window rank like all others.

      A chain becomes one snapshot, which needs no parents. --method is required if the parts \
      were not all ranked by one method and filter bank. From int8 or int4 parts, the new \
      snapshot holds the decoded values, bit for bit, which takes more room. With \
      --precision, they are quantised anew.

      With --precision transform, the first file given with --transform codes the new snapshot; \
      without one, the transform of the old snapshot does. `prefill` knows what the context's \
      queries attend to, and `recompress` does not. So its file is larger at equal divergence.
      """)

  @Argument(help: .snapshot, completion: .snapshot) var snapshot: String
  @Option(
    help: """
      Compression ×N: only the best 1/N of the pairs are kept. Default: all that are stored. \
      \(Compression.inOtherWords)
      """)
  var compression: Int?
  @OptionGroup var precision: NewPrecisionOption
  @OptionGroup var method: NewMethodOptions
  @Option(
    help: ArgumentHelp("Snapshot to write (.kvsnap).", valueName: "file"), completion: .snapshot)
  var out: String
  @OptionGroup var companions: CompanionOptions
  @OptionGroup var force: ForceOption
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable {
    let bytes: UInt64
    /// If a transform coded it: how many times as large as for text like that of the transform.
    let sizeOfUsual: Double?
  }

  func validate() throws {
    try Compression.validate(compression)
    guard out.hasSuffix(".kvsnap") else { throw ValidationError("--out must end in .kvsnap.") }
  }

  func run() throws {
    try Address.checkIsPath(out)
    try Recompress.checkOut(out, snapshot: snapshot, with: try companions.companions)
    try force.check(out, as: .snapshot, reading: [snapshot])
    var options = Recompress.Options()
    options.compression = compression
    options.precision = precision.precision
    options.scorer = try method.load()
    options.transform = try TransformChoice(
      options.precision, path: companions.transforms.first)
    let bar = ProgressBar()
    let result = try Recompress.run(
      snapshot: snapshot, with: try companions.companions, options: options, out: out,
      progress: bar.show)
    if let (transform, fit) = result.coded { Terminal.advise(out, transform, fit) }
    if result.keepsBlocks {
      Terminal.advise(
        "\(snapshot) is already coded by this transform in this quality or a coarser one; \(out) "
          + "has the same blocks, since coding them anew would only lose more")
    }
    if report.json {
      return try Terminal.json(
        Report(bytes: result.bytes, sizeOfUsual: result.coded?.fit.size))
    }
    Terminal.line(
      "\(out): \(Format.bytes(result.bytes))"
        + (result.usesPublishedScore ? ", ranked by Q-Filters as they were published" : ""))
  }
}
