import ArgumentParser
import ByteIO
import CacheFormat
import Reports
import Workflows

struct RekeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rekey", abstract: "Change the key of an encrypted snapshot.",
    discussion: """
      The new key gets a slot of the file first, and then the old key loses its own. Nothing else \
      of the file changes, so the snapshots that continue it stay valid. Copies of the file keep \
      the old key.
      """)

  @Argument(help: "Encrypted snapshot (.kvsnap).", completion: .snapshot) var snapshot: String
  @OptionGroup var keys: KeyOptions
  @Option(
    help: ArgumentHelp(
      "New key file. Default: a passphrase, which is asked for.", valueName: "file"),
    completion: .file())
  var newKeyFile: String?
  @Flag(help: "Keep the old key, too.") var keepOld = false

  func run() throws {
    var editor = try KeyEditor(path: snapshot)
    let secret = try KeyOptions.newSecret(keyFile: newKeyFile)
    try editor.add(secret, by: keys.ring, keepsOld: keepOld)
    Terminal.line("\(snapshot): \(Format.count(editor.used, "key"))")
  }
}

struct ForgetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forget", abstract: "Destroy the keys of encrypted snapshots for ever.",
    discussion: """
      Nobody can read the files any more, and nobody can undo this. Copies of a file keep their \
      keys, and so may the disk (docs/encryption.md). --force is required.
      """)

  @Argument(help: "Encrypted snapshots (.kvsnap).", completion: .snapshot) var snapshots: [String]
  @Flag(help: "Really destroy the keys.") var force = false

  func validate() throws {
    guard force else {
      throw ValidationError("Nobody will be able to read the snapshot; say --force to do it.")
    }
  }

  func run() throws {
    let editors = try snapshots.map { (path: $0, keys: try KeyEditor(path: $0)) }
    for (path, keys) in editors {
      var editor = keys
      try editor.eraseAll()
      Terminal.line("\(path): its keys are destroyed")
    }
  }
}
