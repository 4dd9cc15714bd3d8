import ArgumentParser

/// From how far away recall sees a context.
struct ReachOption: ParsableArguments {
  @Option(
    help: """
      Of recall: bring pairs that are more than so many positions away within that distance; a quarter \
      of the model's context unless told.
      """)
  var reach: Int?

  func validate() throws {
    guard reach.map({ (64...1 << 30).contains($0) }) != false else {
      throw ValidationError("--reach must be from 64 to \(1 << 30).")
    }
  }
}
