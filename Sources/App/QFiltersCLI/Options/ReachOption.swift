import ArgumentParser

/// From how far away recall sees a context.
struct ReachOption: ParsableArguments {
  @Option(
    help: """
      With recall: distance in positions within which pairs from further away are brought. Default: a quarter of \
      the model's context.
      """)
  var reach: Int?

  func validate() throws {
    guard reach.map({ (64...1 << 30).contains($0) }) != false else {
      throw ValidationError("--reach must be from 64 to \(1 << 30).")
    }
  }
}
