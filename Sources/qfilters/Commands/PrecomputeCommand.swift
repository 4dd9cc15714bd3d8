import ArgumentParser
import Workflows

struct PrecomputeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "precompute", abstract: "Compute a model's Q-Filters from a calibration corpus.",
    discussion: """
      The texts are joined by two newlines and cut into consecutive sequences. The defaults are \
      the paper's authors' recipe: 20 sequences of 2,048 tokens.
      """)

  @OptionGroup var model: ModelOption
  @Option(parsing: .upToNextOption, help: "UTF-8 text files.") var corpus: [String]
  @Option(help: "How many sequences.") var sequences = 20
  @Option(help: "Tokens in each sequence.") var length = 2048
  @Option(help: "Where to write the filter bank (.qfilt).") var out: String
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable {
    let tokens: Int
    let seconds: Double
    let bytes: UInt64
  }

  func validate() throws {
    guard !corpus.isEmpty else { throw ValidationError("--corpus needs at least one file.") }
    guard (1...1 << 24).contains(sequences) else {
      throw ValidationError("--sequences must be from 1 to \(1 << 24).")
    }
    guard (2...1 << 24).contains(length) else {
      throw ValidationError("--length must be from 2 to \(1 << 24).")
    }
    guard out.hasSuffix(".qfilt") else { throw ValidationError("--out must end in .qfilt.") }
  }

  func run() throws {
    let bar = ProgressBar()
    let result = try Precompute.run(
      try model.load(), corpus: corpus, recipe: .init(sequences: sequences, length: length),
      out: out, progress: bar.show)
    if report.json {
      return try Terminal.json(
        Report(tokens: result.tokens, seconds: result.seconds, bytes: result.bytes))
    }
    Terminal.line(
      "\(out): Q-Filters from \(result.tokens) tokens in \(Format.seconds(result.seconds)), "
        + Format.bytes(result.bytes))
  }
}
