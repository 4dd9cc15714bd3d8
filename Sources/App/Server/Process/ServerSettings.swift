/// What a server is told when it starts.
package struct ServerSettings: Sendable {
  /// A model, and what clients call it.
  package struct Model: Sendable {
    /// What clients call it.
    package let name: String
    /// Its file or folder.
    package let path: String

    /// A model.
    package init(name: String, path: String) { (self.name, self.path) = (name, path) }
  }

  /// The models, at least one, each with a name of its own.
  package var models: [Model]
  /// The filter bank that ranks new contexts of a model, by the model's name.
  package var filters: [String: String] = [:]
  /// The folder of contexts; nil to keep none.
  package var store: String?
  /// The address or name to listen on.
  package var host: String
  /// The port to listen on; 0 for any.
  package var port: Int
  /// Whether only this machine reaches `host`.
  package var isLoopback = true
  /// The file of keys that clients show; nil if none is needed.
  package var apiKeys: String?
  /// The maximum number of bytes of each key's store.
  package var limit: UInt64?
  /// The maximum number of bytes of all loaded models' files.
  package var memory: UInt64?
  /// The maximum number of waiting requests.
  package var queue = 64
  /// The file whose bytes encrypt contexts.
  package var keyFile: String?
  /// Whether everything is computed and kept in float32.
  package var isExact = false

  /// A server without a store.
  package init(models: [Model], host: String, port: Int) {
    (self.models, self.host, self.port) = (models, host, port)
  }
}
