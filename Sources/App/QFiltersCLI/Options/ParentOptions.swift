import ArgumentParser
import CacheCodec

/// `--parent` and `--key-file`: where the snapshots of a chain are, and what opens them.
struct ParentOptions: ParsableArguments {
  @Option(
    name: .customLong("parent"),
    help: ArgumentHelp(
      "Parent of the snapshot, if in another folder. May be repeated.",
      valueName: "file"), completion: .snapshot)
  var files: [String] = []
  @OptionGroup var keys: KeyOptions

  var companions: Companions {
    get throws {
      var companions = Companions()
      companions.parents = files
      companions.keys = try keys.ring
      return companions
    }
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
    get throws {
      var companions = try parents.companions
      companions.transforms = transforms
      return companions
    }
  }
}
