import ArgumentParser
import CacheCodec

/// `--parent`: where the snapshots of a chain are.
struct ParentOptions: ParsableArguments {
  @Option(
    name: .customLong("parent"),
    help: ArgumentHelp(
      "Parent of the snapshot, if in another folder. May be repeated.",
      valueName: "file"), completion: .snapshot)
  var files: [String] = []

  var companions: Companions {
    var companions = Companions()
    companions.parents = files
    return companions
  }
}

/// `--parent` and `--transform`: where the files are that a snapshot's pairs need.
struct CompanionOptions: ParsableArguments {
  @OptionGroup var parents: ParentOptions
  @Option(
    name: .customLong("transform"),
    help: ArgumentHelp(
      "Transform (.qtrans) that codes the snapshot, if in another folder. May be repeated.",
      valueName: "file"), completion: .transform)
  var transforms: [String] = []

  var companions: Companions {
    var companions = parents.companions
    companions.transforms = transforms
    return companions
  }
}
