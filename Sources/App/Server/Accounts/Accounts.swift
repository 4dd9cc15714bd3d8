import ByteIO
import CacheFormat
import Synchronization
import Workflows

/// Everybody who may use the server. Without keys that is one.
final class Accounts: Sendable {
  private let settings: ServerSettings
  private let apiKeys: APIKeys?
  private let keys: KeyRing
  private let known = Mutex<[String: Account]>([:])

  init(_ settings: ServerSettings, _ apiKeys: APIKeys?, keys: KeyRing) {
    (self.settings, self.apiKeys, self.keys) = (settings, apiKeys, keys)
  }

  /// Whether clients must show a key.
  var needsKeys: Bool { apiKeys != nil }

  private static let digits = 32

  /// Whose key it is; nil if it is nobody's.
  ///
  /// - Parameter key: What a request shows; nil if it shows none.
  func account(bearer key: String?) -> Account? {
    guard let apiKeys else { return account("", folder: settings.store) }
    guard let key, let digest = apiKeys.digest(of: key) else { return nil }
    let id = String(Digest(digest).description.prefix(Self.digits))
    return account(id, folder: settings.store.map { Folder.path($0, id) })
  }

  /// One object for each, as long as the process runs.
  private func account(_ id: String, folder: String?) -> Account {
    known.withLock { known in
      if let account = known[id] { return account }
      let account = Account(id: id, folder: folder, keys: keys, limit: settings.limit)
      known[id] = account
      return account
    }
  }
}

/// Who a request is of, and the contexts that are kept for them.
final class Account: Sendable {
  /// The beginning of the key's digest; empty where no key is needed.
  let id: String
  private let folder: String?
  private let keys: KeyRing
  private let limit: UInt64?
  private let opened = Mutex<Store?>(nil)

  init(id: String, folder: String?, keys: KeyRing, limit: UInt64?) {
    (self.id, self.folder, self.keys, self.limit) = (id, folder, keys, limit)
  }

  /// The store, which is made at first use; nil if nothing is kept.
  ///
  /// - Throws: `SystemError`.
  func store() throws(SystemError) -> Store? {
    guard let folder else { return nil }
    return try opened.withLock { store throws(SystemError) in
      if let store { return store }
      let new = try Store(path: folder, keys: keys, limit: limit)
      store = new
      return new
    }
  }
}
