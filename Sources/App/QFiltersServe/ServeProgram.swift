import ArgumentParser
import ByteIO
import CExhaustion
import Inference
import Platform
import Reports
import ServeArguments
import Server

/// The program that `qfilters serve` becomes: it parses, and runs the server.
@main
struct ServeProgram: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "qfilters-serve",
    abstract: "Serve models by OpenAI's HTTP interface; see `qfilters serve --help`.",
    version: Version.current)

  @OptionGroup var serve: ServeArguments

  func run() async throws {
    try await ServerProcess.run(serve.settings) { address in
      Self.put("listening on \(address)\n", to: STDOUT_FILENO)
    }
  }

  static func main() async {
    StandardStreams.reserve()
    // The text is needed until the end.
    unsafe cx_end_on_exhaustion(strdup("qfilters-serve: "), 1)
    Runtime.limitHeaps()
    OpenFiles.allowMany()
    // A write beyond a limit on file sizes fails like one on a full disk.
    _ = signal(SIGXFSZ, SIG_IGN)
    Interruption.removesTemporaryFiles()
    // The first signal only asks the server to end; see `ServerProcess`.
    _ = Interruption.isRequested()
    Interruption.reportsLostMappings(prefix: "qfilters-serve: ", status: 74)
    do {
      var command = try parseAsRoot()
      try Runtime.checkEnvironment()
      if var serve = command as? any AsyncParsableCommand {
        try await serve.run()
      } else {
        try command.run()
      }
    } catch let error as any CategorisedError {
      put("qfilters-serve: \(Format.printable("\(error)"))\n", to: STDERR_FILENO)
      exit(withError: ExitCode(error.category.exitCode))
    } catch {
      exit(withError: error)
    }
  }

  private static func put(_ text: String, to descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let written = unsafe rest.withUnsafeBytes {
        unsafe write(descriptor, $0.baseAddress, $0.count)
      }
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { return }
      rest = rest.dropFirst(written)
    }
  }
}

extension ServeArguments {
  /// What the server is told.
  fileprivate var settings: ServerSettings {
    var settings = ServerSettings(
      models: models.map { .init(name: $0.nameOrDefault, path: $0.path) }, host: host,
      port: Int(port))
    for bank in filters {
      settings.filters[bank.name ?? models[0].nameOrDefault] = bank.path
    }
    settings.isLoopback = isLoopback
    (settings.store, settings.apiKeys, settings.keyFile) = (store, apiKeys, keyFile)
    (settings.limit, settings.memory) = (limit?.bytes, memory?.bytes)
    (settings.queue, settings.isExact) = (queue, exact)
    return settings
  }
}
