import ArgumentParser

/// `--corpus` and `--field`.
struct CorpusOptions: ParsableArguments {
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Texts and JSON Lines (.jsonl, .ndjson, .json), plain or compressed (.zst), in order.",
      valueName: "file"),
    completion: .text)
  var corpus: [String]
  @Option(help: "Key of the text in each object of JSON Lines.") var field = "text"

  func validate() throws {
    guard !corpus.isEmpty else { throw ValidationError("--corpus needs at least one file.") }
  }

  /// Rejects a number of sequences, or of tokens in each, that no command takes.
  static func check(sequences: Int, length: Int, atLeast shortest: Int) throws {
    guard (1...1 << 24).contains(sequences) else {
      throw ValidationError("--sequences must be from 1 to \(1 << 24).")
    }
    guard (shortest...1 << 24).contains(length) else {
      throw ValidationError("--length must be from \(shortest) to \(1 << 24).")
    }
  }
}
