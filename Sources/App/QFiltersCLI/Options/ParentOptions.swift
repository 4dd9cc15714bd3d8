import ArgumentParser

/// Where the snapshots are that a snapshot goes on from.
struct ParentOptions: ParsableArguments {
  @Option(
    name: .customLong("parent"),
    help: ArgumentHelp(
      "Snapshot that it continues, if that is not in its folder; may be repeated.",
      valueName: "file"), completion: .snapshot)
  var files: [String] = []
}
