import ArgumentParser
import Reports
import Workflows

struct TransformCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "transform",
    abstract: "Learn a model's transform, by which whole caches are coded.",
    discussion: """
      Each file is a kind of text: essays, code, markup, another language. Equally many sequences \
      are taken from each. A cache of a kind that the transform was not learnt from takes more \
      room, or loses more.

      The model runs in float32, several times as slowly as usual.
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var texts: CorpusOptions
  @Option(help: "Maximum number of sequences.") var sequences = 30
  @Option(help: "Tokens in each sequence.") var length = 2048
  @Option(
    help: ArgumentHelp("Transform (.qtrans) to write.", valueName: "file"), completion: .file())
  var out: String
  @OptionGroup var force: ForceOption
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable {
    let tokens: Int
    let seconds: Double
    let bytes: UInt64
  }

  func validate() throws {
    guard out.hasSuffix(".qtrans") else { throw ValidationError("--out must end in .qtrans.") }
    try CorpusOptions.check(sequences: sequences, length: length, atLeast: 64)
  }

  func run() throws {
    try force.check(out, as: .transform, reading: texts.corpus)
    let bar = ProgressBar()
    let result = try LearnTransform.run(
      try model.load(isExact: true),
      kinds: texts.corpus.map { Corpus(paths: [$0], field: texts.field) }, sequences: sequences,
      length: length, out: out, progress: bar.show)
    if report.json {
      return try Terminal.json(
        Report(tokens: result.tokens, seconds: result.seconds, bytes: result.bytes))
    }
    Terminal.line(
      "\(out): a transform from \(result.tokens) tokens in \(Format.seconds(result.seconds)), "
        + "\(Format.bytes(result.bytes))")
  }
}
