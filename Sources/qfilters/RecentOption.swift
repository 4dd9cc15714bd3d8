import ArgumentParser

/// How much of what a compression keeps goes to the last tokens.
struct RecentOption: ParsableArguments {
  @Option(
    help: """
      Of the pairs behind sinks and window, every Nth that is kept is the latest that is left, whatever \
      its score; 0 for none.
      """)
  var recent = 0

  func validate() throws {
    guard (0...1 << 24).contains(recent) else {
      throw ValidationError("--recent must be from 0 to \(1 << 24).")
    }
  }
}
