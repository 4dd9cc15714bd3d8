import ArgumentParser

/// `--parent`: where the snapshots of a chain are.
struct ParentOptions: ParsableArguments {
  @Option(
    name: .customLong("parent"),
    help: ArgumentHelp(
      "Parent of the snapshot, if in another folder. May be repeated.",
      valueName: "file"), completion: .snapshot)
  var files: [String] = []
}
