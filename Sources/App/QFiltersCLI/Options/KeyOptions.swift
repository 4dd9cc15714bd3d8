import ArgumentParser
import ByteIO
import CacheFormat
import Synchronization

/// `--key-file`: what opens encrypted snapshots.
struct KeyOptions: ParsableArguments {
  @Option(
    name: .customLong("key-file"),
    help: ArgumentHelp(
      """
      Key file of encrypted snapshots: 32 bytes or more that nobody can guess. May be repeated. \
      Default: a passphrase, which is asked for.
      """, valueName: "file"), completion: .file())
  var files: [String] = []

  /// The keys, read once in a process, so that a passphrase is asked for once.
  ///
  /// - Throws: `KeyFileRefusal`, `SystemError`.
  var ring: KeyRing {
    get throws { try Self.ring("key", files) { [try Self.newSecret(keyFile: $0)] } }
  }

  /// The keys of a reader under test (spec, conformance.md): each file is tried as a key file and,
  /// without its line feed, as a passphrase.
  ///
  /// - Throws: `SystemError`.
  var ringUnderTest: KeyRing {
    get throws {
      try Self.ring("test", files) { path in
        let bytes = try Secret.start(ofKeyFile: path)
        let line = bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...]
        return [Secret(keyFile: bytes), Secret(passphrase: Array(line))].compactMap(\.self)
      }
    }
  }

  /// By the bytes of the paths: texts may be equal that name different files.
  private static let known = Mutex<[[[UInt8]]: KeyRing]>([:])

  private static func ring(
    _ mode: String, _ files: [String], _ secrets: (String) throws -> [Secret]
  ) throws -> KeyRing {
    try known.withLock { known in
      let names = ([mode] + files).map { Array($0.utf8) }
      if let ring = known[names] { return ring }
      let ring = KeyRing(try files.flatMap(secrets), ask: ask)
      known[names] = ring
      return ring
    }
  }

  private static func ask(path: String, wrong: Int) -> Secret? {
    let question = wrong == 0 ? "passphrase of \(path): " : "it does not open \(path). passphrase: "
    return SecretInput.ask(question).flatMap { Secret(passphrase: $0) }
  }
}

/// `--key-file` and `--passphrase`: whether a new snapshot is encrypted, and by what.
struct EncryptionOptions: ParsableArguments {
  @Option(
    name: .customLong("key-file"),
    help: ArgumentHelp(
      """
      Key file to encrypt the snapshot with: 32 bytes or more that nobody can guess. May be \
      repeated: each key opens it.
      """, valueName: "file"), completion: .file())
  var files: [String] = []
  @Flag(help: "Encrypt the snapshot with a passphrase, which is asked for.") var passphrase = false

  /// Whose keys open the new snapshot; empty if it is not encrypted.
  ///
  /// - Throws: `KeyFileRefusal`, `SystemError`, `ValidationError`.
  var secrets: [Secret] {
    get throws {
      // One slot is left for a passphrase.
      let most = KeyTable.usualSlots - 1
      guard files.count <= most else {
        throw ValidationError("A snapshot has room for \(most) key files.")
      }
      let keys = try files.map { try KeyOptions.newSecret(keyFile: $0) }
      return passphrase ? keys + [try KeyOptions.newSecret(keyFile: nil)] : keys
    }
  }
}

extension KeyOptions {
  /// The key for a new file or slot: that of a key file, or a passphrase that is asked for twice.
  ///
  /// - Throws: `KeyFileRefusal`, `SystemError`, `ValidationError`.
  static func newSecret(keyFile path: String?) throws -> Secret {
    if let path { return try Secret.read(keyFile: path) }
    guard let first = SecretInput.ask("new passphrase: ") else {
      throw ValidationError("A passphrase needs a terminal; name a key file instead.")
    }
    guard let secret = Secret(passphrase: first) else {
      throw ValidationError("A passphrase has 1 to 1,024 bytes.")
    }
    guard SecretInput.ask("again: ") == first else {
      throw ValidationError("The two passphrases differ.")
    }
    return secret
  }
}
