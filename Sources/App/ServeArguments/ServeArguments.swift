package import ArgumentParser

/// The options of `qfilters serve` and of the program that it starts.
package struct ServeArguments: ParsableArguments {
  /// The models.
  @Option(
    name: .customLong("model"),
    help: ArgumentHelp(
      """
      Model: a .gguf file or a folder, after the name that clients ask for. May be repeated. \
      Default of the name: the file's name without .gguf.
      """, valueName: "[name=]path"), completion: .file(extensions: ["gguf"]))
  package var models: [NamedPath] = []
  /// The folder of contexts.
  @Option(
    help: ArgumentHelp(
      "Folder in which contexts are kept. Default: nothing is kept.", valueName: "folder"),
    completion: .directory)
  package var store: String?
  /// The filter banks.
  @Option(
    help: ArgumentHelp(
      """
      Filter bank (.qfilt) that ranks new contexts, after the name of its model. May be repeated. \
      Default: they are ranked by KeyDiff.
      """, valueName: "[name=]file"), completion: .file(extensions: ["qfilt"]))
  package var filters: [NamedPath] = []
  /// Where the server listens.
  @Option(help: "Address or host name to listen on. Those that others can reach need --api-keys.")
  package var host = "127.0.0.1"
  /// The port; 0 for any.
  @Option(help: "Port to listen on; 0 for one that is free.")
  package var port: UInt16 = 8080
  /// The file of keys that clients show.
  @Option(
    name: .customLong("api-keys"),
    help: ArgumentHelp(
      """
      File with a key in each line, of 16 characters or more. Clients must show one, and each key \
      has contexts of its own. Default: no key is needed.
      """, valueName: "file"), completion: .file())
  package var apiKeys: String?
  /// The maximum size of each key's store.
  @Option(
    help: ArgumentHelp(
      """
      Maximum size of the contexts of each key, such as 20G or 500M; turns that nobody named are \
      removed, the longest unused first. Default: no limit.
      """, valueName: "bytes"), transform: ByteCount.init)
  package var limit: ByteCount?
  /// The maximum size of the loaded models.
  @Option(
    help: ArgumentHelp(
      """
      Maximum size of the files of loaded models; the longest unused is unloaded. Default: no \
      limit.
      """, valueName: "bytes"), transform: ByteCount.init)
  package var memory: ByteCount?
  /// The maximum number of waiting requests.
  @Option(help: "Maximum number of requests of each key that wait for a model.")
  package var queue = 64
  /// What opens the store's snapshots.
  @Option(
    help: ArgumentHelp(
      "Key file with which contexts are encrypted: 32 bytes or more that nobody can guess.",
      valueName: "file"), completion: .file())
  package var keyFile: String?
  /// Whether everything is computed and kept in float32.
  @Flag(help: "Compute and keep everything in float32, which is slower and takes twice the space.")
  package var exact = false

  /// Nothing is given yet.
  package init() {}

  /// Checks what one option says of another.
  package func validate() throws {
    guard !models.isEmpty else { throw ValidationError("Name a model with --model.") }
    let names = models.map(\.nameOrDefault)
    guard Set(names).count == names.count else {
      throw ValidationError("Two models have one name; give them names with --model NAME=PATH.")
    }
    for bank in filters {
      guard bank.name != nil || models.count == 1 else {
        throw ValidationError("Say whose filters \(bank.path) has: --filters NAME=\(bank.path).")
      }
      guard bank.name.map(names.contains) ?? true else {
        throw ValidationError("--filters names \(bank.name ?? ""), which no --model does.")
      }
    }
    let owners = filters.map { $0.name ?? names[0] }
    guard Set(owners).count == owners.count else {
      throw ValidationError("A model has one filter bank.")
    }
    guard (1...1 << 20).contains(queue) else {
      throw ValidationError("--queue must be from 1 to \(1 << 20).")
    }
    guard apiKeys != nil || isLoopback else {
      throw ValidationError(
        "\(host) can be reached from other machines, so --api-keys is needed; or listen on "
          + "127.0.0.1.")
    }
    guard store != nil || (limit == nil && keyFile == nil) else {
      throw ValidationError("--limit and --key-file need --store.")
    }
  }

  /// Whether only this machine can reach the address.
  package var isLoopback: Bool {
    if host == "localhost" || host == "::1" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }
}
