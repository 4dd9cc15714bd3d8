public import ByteIO
import Synchronization

/// The keys that a user has for encrypted snapshots.
public final class KeyRing: Sendable {
  private let secrets: [Secret]
  /// Asks for a passphrase: the file's path and how many were wrong; nil if nobody answers.
  private let ask: (@Sendable (_ path: String, _ wrong: Int) -> Secret?)?
  /// Data keys and answers. Deriving a key from a passphrase takes a third of a second.
  private let known = Mutex<(dataKeys: [Digest: [UInt8]], answers: [Secret])>(([:], []))

  private static let mostQuestions = 3

  /// No keys.
  public static let none = KeyRing()

  /// Keys, and who to ask for a passphrase if none of them fits.
  public init(
    _ secrets: [Secret] = [],
    ask: (@Sendable (_ path: String, _ wrong: Int) -> Secret?)? = nil
  ) { (self.secrets, self.ask) = (secrets, ask) }

  /// Keys for a new snapshot that belongs to those that were opened: the first one that was given,
  /// or else the first passphrase that was asked for; none if there were neither.
  public var forNewFiles: [Secret] {
    let all = secrets + known.withLock { $0.answers }
    return Array(all.prefix(1))
  }

  /// The data key of a file, and which slot has it.
  ///
  /// - Throws: `KeyProblem`.
  func open(_ table: KeyTable, path: String) throws(KeyProblem) -> (slot: Int, cipher: UnitCipher) {
    let slots = table.slots.enumerated().compactMap { index, slot in slot.map { (index, $0) } }
    guard !slots.isEmpty else { throw KeyProblem(path: path, kind: .destroyed) }
    if let found = find(slots, secrets + known.withLock { $0.answers }) { return found }
    let takesPassphrase = slots.contains { $0.1.kind != .keyFile }
    var wrong = 0
    while takesPassphrase, wrong < Self.mostQuestions, let answer = ask?(path, wrong) {
      if let found = find(slots, [answer]) {
        known.withLock { $0.answers.append(answer) }
        return found
      }
      wrong += 1
    }
    throw KeyProblem(path: path, kind: secrets.isEmpty && wrong == 0 ? .missing : .wrong)
  }

  private func find(
    _ slots: [(Int, KeySlot)], _ secrets: [Secret]
  ) -> (slot: Int, cipher: UnitCipher)? {
    for (index, slot) in slots {
      for secret in secrets where secret.fits(slot.kind) {
        let name = Digest(of: slot.encoded + secret.bytes)
        let cached = known.withLock { $0.dataKeys[name] }
        guard let key = cached ?? slot.dataKey(secret) else { continue }
        known.withLock { $0.dataKeys[name] = key }
        return (index, UnitCipher(dataKey: key))
      }
    }
    return nil
  }
}

/// An encrypted snapshot cannot be opened.
public struct KeyProblem: CategorisedError, Equatable, Sendable {
  /// Why.
  public enum Kind: Sendable {
    /// No key was given.
    case missing
    /// None of the keys opens it.
    case wrong
    /// Its keys were destroyed.
    case destroyed
  }

  /// The snapshot.
  public let path: String
  /// Why it cannot be opened.
  public let kind: Kind

  package init(path: String, kind: Kind) { (self.path, self.kind) = (path, kind) }

  /// A key is needed.
  public var category: FailureCategory { .key }

  /// The file, and what is missing.
  public var description: String {
    switch kind {
    case .missing: "\(path) is encrypted"
    case .wrong: "\(path) is encrypted, and no key that was given opens it"
    case .destroyed: "\(path) is encrypted, and its keys were destroyed: nobody can read it"
    }
  }
}
