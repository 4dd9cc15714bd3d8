import ArgumentParser
import Workflows

/// Which pairs of a snapshot a prompt continues.
struct KeptOptions: ParsableArguments {
  @Option(
    help: """
      Compression ×N: only the best 1/N of the pairs are read and attended to. Default: all. \
      \(Compression.inOtherWords)
      """)
  var compression: Int?
  @Option(help: "Compression ×N by recall: the 1/N of the pairs that the question attends to.")
  var recall: Int?
  @OptionGroup var reach: ReachOption
  @Flag(help: "The whole cache, as it was stored. This is the default.") var decompressed = false

  func validate() throws {
    try Compression.validate(compression)
    try Compression.validate(recall, option: "--recall")
    guard [compression != nil, recall != nil, decompressed].filter(\.self).count <= 1 else {
      throw ValidationError("Give one of --compression, --recall and --decompressed.")
    }
    guard reach.reach == nil || recall != nil else {
      throw ValidationError("--reach is for --recall.")
    }
  }

  var mode: ResumeMode {
    compression.map(ResumeMode.compressed)
      ?? recall.map { .recalled($0, reach: reach.reach) } ?? .whole
  }
}
