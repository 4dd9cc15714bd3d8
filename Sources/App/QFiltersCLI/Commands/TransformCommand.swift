import ArgumentParser
import Reports
import Workflows

struct TransformCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "transform",
    abstract: "Learn a model's transform, which codes whole caches in about a tenth of their size.",
    discussion: """
      Each file is a kind of text: essays, code, markup, another language. Equally many sequences \
      are taken from each. If a context is of another kind, its snapshot is larger and less exact.

      The model runs in float32, several times as slowly as usual.

      With --shard I/N only every Nth sequence is summed, beginning with the Ith, and --out is a \
      .qtsum file. `merge` makes the transform that one run would have made. The same command \
      continues an interrupted run. Until all sequences are done, a .partial file next to --out \
      keeps those that are finished.
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var texts: CorpusOptions
  @Option(help: "Maximum number of sequences.") var sequences = 30
  @Option(help: "Tokens in each sequence.") var length = 2048
  @Option(help: "Part of the sequences, such as 2/7. Default: all.") var shard: ShardOption?
  @Option(
    help: ArgumentHelp("Transform (.qtrans) or sums (.qtsum) to write.", valueName: "file"),
    completion: .file(extensions: ["qtrans", "qtsum"]))
  var out: String
  @OptionGroup var force: ForceOption
  @OptionGroup var report: ReportOptions

  func validate() throws {
    guard out.hasSuffix(".qtrans") || out.hasSuffix(".qtsum") else {
      throw ValidationError("--out must end in .qtrans or .qtsum.")
    }
    try CorpusOptions.check(sequences: sequences, length: length, atLeast: 64)
    guard sequences >= texts.corpus.count else {
      throw ValidationError("--sequences must be at least 1 for each of the texts.")
    }
    try shard?.check(
      sums: "sums", ending: ".qtsum", out: out, sequences: sequences)
  }

  func run() throws {
    try force.check(out, as: .calibration(out), reading: texts.corpus)
    let bar = ProgressBar()
    let result = try LearnTransform.run(
      try model.load(isExact: true),
      kinds: texts.corpus.map { Corpus(paths: [$0], field: texts.field) },
      recipe: .init(sequences: sequences, length: length), shard: shard?.shard ?? .whole,
      out: out, progress: bar.show)
    let what = out.hasSuffix(".qtrans") ? "a transform" : "sums"
    try report.show(result, out: out, what: what)
    guard out.hasSuffix(".qtrans"), result.tokens < LearnTransform.fewestTokens else { return }
    Terminal.advise(
      "\(Format.count(result.tokens, "token")) are few: other text may take much more room and "
        + "lose more; \(Format.count(LearnTransform.fewestTokens)) or more are better")
  }
}
