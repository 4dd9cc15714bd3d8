import ArgumentParser

/// Where the snapshots are that a snapshot goes on from.
struct ParentOptions: ParsableArguments {
  @Option(
    name: .customLong("parent"),
    help: ArgumentHelp(
      "A snapshot that it goes on from, if that is not in its folder; may be repeated.",
      valueName: "file"))
  var files: [String] = []
}
