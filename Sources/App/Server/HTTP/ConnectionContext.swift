import Hummingbird
import NIOCore

/// A request's context: besides what the framework needs, its connection.
struct ConnectionContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  private let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }

  /// What notices that the client leaves.
  func watch() async throws -> ClientWatch {
    try await channel.pipeline.handler(type: ClientWatch.self).get()
  }
}
