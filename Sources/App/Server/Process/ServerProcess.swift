import ByteIO
import CacheFormat
import Dispatch
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Platform
import QFilters
import ServiceLifecycle
import UnixSignals

/// A server from its start to its end.
package enum ServerProcess {
  /// The maximum number of open connections; others wait until one is closed.
  private static let mostConnections = 256
  /// A connection without a request is closed after that time, a request that does not arrive, too.
  private static let idleSeconds: Int64 = 60
  /// Answers that are not done that long after a signal are ended where they are.
  private static let secondsToEnd = 8
  /// What the ends of answers and of connections may take after a signal.
  private static let secondsToClose = 12

  /// Serves until a signal asks it to end.
  ///
  /// - Parameter ready: Receives the server's address when it accepts connections.
  /// - Throws: `SystemError`, `MalformedFile`, `UnsupportedModel`, `KeyFileRefusal`,
  ///   `APIKeysRefusal`; `ListenFailure`.
  package static func run(
    _ settings: ServerSettings, ready: @escaping @Sendable (_ address: String) -> Void
  ) async throws {
    LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
    let logger = Logger(label: "qfilters-serve")
    let server = try QFiltersServer(settings, logger: logger)
    var configuration = ApplicationConfiguration(
      address: .hostname(settings.host, port: settings.port))
    configuration.availableConnectionsDelegate = MaximumAvailableConnections(mostConnections)
    var quiet = logger
    quiet.logLevel = .warning
    let application = Application(
      responder: Routes(server),
      server: .http1(
        configuration: .init(
          additionalChannelHandlers: [ClientWatch()], idleTimeout: .seconds(idleSeconds))),
      configuration: configuration,
      onServerRunning: { channel in
        ready(address(settings.host, channel.localAddress?.port ?? settings.port))
      },
      logger: quiet)
    let engine = server.engine
    engine.start()
    // The last one is the first to be told of a signal: no job waits then, and the answers end.
    var group = ServiceGroupConfiguration(
      services: [application, EngineService(engine: engine, seconds: secondsToEnd)],
      gracefulShutdownSignals: [.sigterm, .sigint, .sighup], logger: quiet)
    group.maximumGracefulShutdownDuration = .seconds(secondsToClose)
    do {
      try await ServiceGroup(configuration: group).run()
    } catch let error as IOError {
      throw ListenFailure(host: settings.host, port: settings.port, code: error.errnoCode)
    } catch is CancellationError {
      // The time after a signal is over.
    }
    // What was generated is still being saved.
    await engine.end()
  }

  private static func address(_ host: String, _ port: Int) -> String {
    host.contains(":") ? "http://[\(host)]:\(port)" : "http://\(host):\(port)"
  }
}

/// Ends the engine's work when the process is asked to end.
private struct EngineService: Service {
  let engine: EngineThread
  /// What running answers have to end.
  let seconds: Int

  func run() async {
    await withTaskCancellationHandler {
      await withGracefulShutdownHandler {
        await engine.end()
      } onGracefulShutdown: {
        engine.shutDown(within: .seconds(seconds))
      }
    } onCancel: {
      // The server could not listen, or its time to end is over.
      engine.shutDown(within: .zero)
    }
  }
}

/// The server cannot listen where it was told to.
struct ListenFailure: CategorisedError {
  let host: String
  let port: Int
  let code: Int32

  /// Another port can be free.
  var category: FailureCategory { .io }

  /// One sentence.
  var description: String {
    let reason = unsafe strerror(code).map { unsafe String(cString: $0).lowercased() }
    return "cannot listen on \(host), port \(port): \(reason ?? "error \(code)")"
  }
}
