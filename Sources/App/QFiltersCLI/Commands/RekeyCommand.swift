import ArgumentParser
import ByteIO
import CacheFormat
import Reports
import Workflows

struct RekeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rekey", abstract: "Change the key of an encrypted snapshot.",
    discussion: """
      The new key gets a slot of the file first, and then the old key loses its own. Other keys \
      keep theirs. Nothing else of the file changes, so the snapshots that continue it stay valid. \
      Copies of the file keep the old key.
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
