import ArgumentParser
import CacheCodec
import CacheFormat

extension ArgumentHelp {
  /// Describes the argument of a command that reads a snapshot.
  static let snapshot: Self = "Snapshot (.kvsnap): a file or an https:// address."
}

/// `--parent` and `--key-file`: where the snapshots of a chain are, and what opens them.
struct ParentOptions: ParsableArguments {
  @Option(
    name: .customLong("parent"),
    help: ArgumentHelp(
      "Parent of the snapshot, if in another folder. May be repeated.",
      valueName: "file"), completion: .snapshot)
  var files: [String] = []
  @OptionGroup var keys: KeyOptions

  var companions: Companions { get throws { companions(try keys.ring) } }

  func companions(_ ring: KeyRing) -> Companions {
    var companions = Companions()
    companions.parents = files
    companions.keys = ring
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

  var companions: Companions { get throws { companions(try parents.keys.ring) } }

  func companions(_ ring: KeyRing) -> Companions {
    var companions = parents.companions(ring)
    companions.transforms = transforms
    return companions
  }
}
