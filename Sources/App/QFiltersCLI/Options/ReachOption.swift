import ArgumentParser

/// `--reach`: how far away recall lets pairs be.
struct ReachOption: ParsableArguments {
  @Option(
    help: """
      With recall: greatest distance in positions. Pairs from further away are brought nearer. \
      Default: a quarter of the model's context.
      """)
  var reach: Int?

  func validate() throws {
    guard reach.map({ (64...1 << 30).contains($0) }) != false else {
      throw ValidationError("--reach must be from 64 to \(1 << 30).")
    }
  }
}
