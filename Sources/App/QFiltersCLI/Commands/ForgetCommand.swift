import ArgumentParser
import CacheFormat

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
