import ArgumentParser
import ByteIO
import CacheFormat
import ServeArguments
import Workflows

/// `--store` and `--key-file`, in every command that uses a store.
struct StoreOptions: ParsableArguments {
  @Option(
    name: .customLong("store"),
    help: ArgumentHelp("Folder of the store.", valueName: "folder"), completion: .directory)
  var path: String
  @OptionGroup var keys: KeyOptions

  /// - Parameters:
  ///   - creates: Whether the folder is made unless it exists.
  ///   - limit: The maximum number of bytes.
  func open(creates: Bool = false, limit: UInt64? = nil) throws -> Store {
    try Store(path: path, creates: creates, keys: keys.ring, limit: limit)
  }
}

/// `--store`, `--limit` and `--key-file`, in commands that fill a store.
struct OwnStoreOptions: ParsableArguments {
  @Option(
    name: .customLong("store"),
    help: ArgumentHelp(
      "Folder of the store. Default: qfilters/store in the user's data folder (~/.local/share).",
      valueName: "folder"), completion: .directory)
  var path: String?
  @Option(
    help: """
      Maximum size of the store: bytes, or a number with K, M, G or T. Turns that nobody named are \
      removed, the longest unused first. Default: 10G.
      """, transform: ByteCount.init)
  var limit: ByteCount?
  @OptionGroup var keys: KeyOptions

  private static let usualLimit: UInt64 = 10_000_000_000

  func open() throws -> Store {
    guard let path = path ?? UserFolder.data("qfilters/store") else {
      throw ValidationError("The environment names no folder for data; give --store.")
    }
    if self.path == nil { _ = UserFolder.create(path) }
    return try Store(path: path, keys: keys.ring, limit: limit?.bytes ?? Self.usualLimit)
  }
}

/// The name of a context, as an argument.
struct ContextArgument: ParsableArguments {
  @Argument(help: "Name of a context of the store.", completion: .list([]))
  var name: String

  /// The context of that name.
  ///
  /// - Throws: `StoreRefusal`, `SystemError`.
  func name(in store: Store) throws -> StoreName { try store.name(of: name) }
}
