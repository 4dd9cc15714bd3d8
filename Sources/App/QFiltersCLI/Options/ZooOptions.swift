import ArgumentParser

/// Which models of a zoo are computed, how, and how good they have to be.
struct ZooOptions: ParsableArguments {
  @Option(
    help: """
      Number of models in work and in memory at a time. They share the cores: small models \
      gain, others lose. Filter banks are the same for any number.
      """)
  var jobs = 1

  @Option(
    help: """
      Part of the models, such as 2/7: every seventh, beginning with the second. Machines that \
      share the folder take one part each, with the same --exclude. Default: all.
      """)
  var shard: ShardOption?

  @Option(
    help: ArgumentHelp(
      """
      Models to leave out: a pattern for the path below the folder, for its last part, or for a \
      folder, such as '*.Q8_0.gguf'. May be repeated. '*' leaves out all, and the index alone is \
      written.
      """, valueName: "glob"))
  var exclude: [String] = []

  @Flag(
    help: "A list of what would be computed, and why the rest would not. Nothing is written.")
  var dryRun = false

  @Option(
    help: ArgumentHelp(
      """
      Least share of query heads, from 0 to 1, in which the method's assumption holds. A filter \
      bank below it stays, but is named at the end (exit code \(Failure.belowQuality)). Default: \
      none.
      """, valueName: "share"))
  var requireQuality: Double?

  private static let mostJobs = 256

  func validate() throws {
    guard (1...Self.mostJobs).contains(jobs) else {
      throw ValidationError("--jobs must be from 1 to \(Self.mostJobs).")
    }
    guard requireQuality.map((0...1).contains) ?? true else {
      throw ValidationError("--require-quality must be from 0 to 1.")
    }
    guard !exclude.contains("") else {
      throw ValidationError("--exclude needs a pattern, such as '*.Q8_0.gguf'.")
    }
  }
}
