public import ByteIO
import Synchronization

/// The keys that a user has for encrypted snapshots.
public final class KeyRing: Sendable {
  private let secrets: [Secret]
  /// Asks for a passphrase: the file's path and how many were wrong; nil if nobody answers.
  private let ask: (@Sendable (_ path: String, _ wrong: Int) -> Secret?)?
  /// Data keys and answers. Deriving a key from a passphrase takes a third of a second.
  private let known = Mutex(Known())

  private struct Known {
    var dataKeys: [Digest: [UInt8]] = [:]
    var answers: [Secret] = []
    /// What opened a file, in order of the first file of each.
    var opened: [Secret] = []
  }

  private static let mostQuestions = 3

  /// No keys.
  public static let none = KeyRing()

  /// Keys, and who to ask for a passphrase if none of them fits.
  public init(
    _ secrets: [Secret] = [],
    ask: (@Sendable (_ path: String, _ wrong: Int) -> Secret?)? = nil
  ) { (self.secrets, self.ask) = (secrets, ask) }

  /// Keys for a new snapshot that belongs to those that were opened: what opened the first of them
  /// that is encrypted. If none is, all keys that were given.
  public var forNewFiles: [Secret] {
    known.withLock { $0.opened.first.map { [$0] } } ?? secrets
  }

  /// The data key of a file, and which slot has it.
  ///
  /// - Throws: `KeyProblem`.
  func open(_ table: KeyTable, path: String) throws(KeyProblem) -> (slot: Int, cipher: UnitCipher) {
    let slots = table.slots.enumerated().compactMap { index, slot in slot.map { (index, $0) } }
    guard !slots.isEmpty else { throw KeyProblem(path: path, kind: .destroyed) }
    if let found = find(slots, secrets + known.withLock { $0.answers }) { return found }
    let takesPassphrase = slots.contains { $0.1.takesPassphrase }
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
      for secret in secrets {
        guard let key = dataKey(slot, secret) else { continue }
        known.withLock { if !$0.opened.contains(secret) { $0.opened.append(secret) } }
        return (index, UnitCipher(dataKey: key))
      }
    }
    return nil
  }

  /// A slot's data key, if the secret opens it.
  func dataKey(_ slot: KeySlot, _ secret: Secret) -> [UInt8]? {
    guard secret.fits(slot.kind) else { return nil }
    let name = Digest(of: slot.encoded + secret.bytes)
    if let key = known.withLock({ $0.dataKeys[name] }) { return key }
    guard let key = slot.dataKey(secret) else { return nil }
    known.withLock { $0.dataKeys[name] = key }
    return key
  }

  /// The slots that the keys open which opened a file.
  func slots(of table: KeyTable) -> [Int] {
    let opened = known.withLock { $0.opened }
    return table.slots.indices.filter { index in
      table.slots[index].map { slot in opened.contains { dataKey(slot, $0) != nil } } ?? false
    }
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
    case .missing: "\(path): KEYS: it is encrypted"
    case .wrong: "\(path): KEYS: it is encrypted, and no key or passphrase that was given opens it"
    case .destroyed:
      "\(path): KEYS: it is encrypted, and its keys were destroyed: nobody can read it"
    }
  }
}
