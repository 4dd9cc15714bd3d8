import ByteIO
import CacheFormat
import Logging
import ModelFiles
import QFilters

/// What all requests share.
final class QFiltersServer: Sendable {
  let settings: ServerSettings
  let accounts: Accounts
  let engine: EngineThread
  let failures: Failures
  let metrics: ServerMetrics
  let logger: Logger
  /// When the server started, in seconds since 1970.
  let started = Int(WallClock.seconds)

  /// Opens what the settings name, except for the models' weights.
  ///
  /// - Throws: `SystemError`, `MalformedFile`, `UnsupportedModel`, `KeyFileRefusal`,
  ///   `APIKeysRefusal`.
  init(_ settings: ServerSettings, logger: Logger) throws {
    for model in settings.models { _ = try ModelFile(path: model.path) }
    var banks: [String: (FilterBank, path: String)] = [:]
    for (name, path) in settings.filters { banks[name] = (try FilterBank(path: path), path) }
    let keys = try settings.keyFile.map { KeyRing([try Secret.read(keyFile: $0)]) } ?? .none
    if let store = settings.store { try Folder.create(store) }
    let metrics = ServerMetrics()
    let accounts = Accounts(
      settings, try settings.apiKeys.map { try APIKeys(path: $0) }, keys: keys)
    // A store that cannot be used is noticed now.
    if settings.apiKeys == nil { _ = try accounts.account(bearer: nil)?.store() }
    let paths =
      settings.models.map(\.path) + Array(settings.filters.values)
      + [settings.store, settings.keyFile].compactMap(\.self)
    (self.settings, self.accounts, self.metrics, self.logger) = (
      settings, accounts, metrics, logger
    )
    failures = Failures(Redaction(paths))
    engine = EngineThread(
      EngineThread.Setup(
        settings: settings, banks: banks, failures: failures, metrics: metrics, logger: logger))
  }

  /// A model by what clients call it.
  ///
  /// - Throws: `ServeError`.
  func model(_ name: String) throws(ServeError) -> ServerSettings.Model {
    guard let model = settings.models.first(where: { $0.name == name }) else {
      throw .modelNotFound(name)
    }
    return model
  }
}
