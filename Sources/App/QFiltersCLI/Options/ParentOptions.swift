import ArgumentParser

/// `--parent`: where the snapshots of a chain are.
struct ParentOptions: ParsableArguments {
  @Option(
    name: .customLong("parent"),
    help: ArgumentHelp(
      "Snapshot that it continues, if that is in another folder. May be repeated.",
      valueName: "file"), completion: .snapshot)
  var files: [String] = []
}
