import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Workflows

/// Which code answers which request.
struct Routes: HTTPResponder {
  typealias Context = ConnectionContext

  private let server: QFiltersServer
  private let site: SameSite

  init(_ server: QFiltersServer) {
    self.server = server
    site = SameSite(needsLoopback: server.settings.isLoopback && !server.accounts.needsKeys)
  }

  /// Answers a request; an error becomes a response.
  func respond(to request: Request, context: ConnectionContext) async throws -> Response {
    let clock = Stopwatch()
    let (account, failures) = (self.account(of: request), server.failures)
    var response: Response
    do {
      try site.check(request.head)
      response = try await answer(request, account, context)
    } catch let error as ServeError {
      response = JSONResponse.response(error)
    } catch {
      if let account { server.logger.warning("\(Log.line("\(error)", account: account))") }
      response = JSONResponse.response(failures.error(error))
    }
    if request.method == .head { response = response.createHeadResponse() }
    response.headers[.xContentTypeOptions] = "nosniff"
    if let policy = HTTPField.Name("Cross-Origin-Resource-Policy") {
      response.headers[policy] = "same-origin"
    }
    if let account {
      server.metrics.responded(response.status, to: account)
      server.logger.info(
        """
        \(Log.line("\(request.method) \(request.uri.path)", account: account)) \
        \(response.status.code) after \(Int(clock.seconds * 1000)) ms
        """)
    }
    return response
  }

  private func account(of request: Request) -> Account? {
    let scheme = "bearer "
    let value = request.headers[.authorization]
    let isBearer = value?.lowercased().hasPrefix(scheme) ?? false
    return server.accounts.account(
      bearer: isBearer ? value.map { String($0.dropFirst(scheme.count)) } : nil)
  }

  private func answer(
    _ request: Request, _ account: Account?, _ context: ConnectionContext
  ) async throws -> Response {
    guard let path = RequestPath(request.head.path ?? "/") else { throw ServeError.notFound }
    if path.parts.count <= 1, let page = PageFiles.response(path.parts.first ?? "", to: request) {
      try request.allow(.get, .head)
      return page
    }
    if path.parts == ["health"] {
      try request.allow(.get, .head)
      return try JSONResponse.response(["status": "ok"])
    }
    guard ["v1", "api", "metrics"].contains(path.parts.first) else { throw ServeError.notFound }
    guard let account else { throw ServeError.noKey }
    switch path.parts {
    case ["v1", "chat", "completions"], ["v1", "completions"]:
      try request.allow(.post)
      return try await CompletionRoute(
        server: server, account: account, isChat: path.parts.count == 3
      ).respond(to: try await request.bytes(), context)
    case ["v1", "models"]:
      try request.allow(.get)
      return try JSONResponse.response(ModelList(server))
    case ["api", "documents"]:
      try request.allow(.post)
      return try await DocumentRoute(server: server, account: account)
        .respond(to: try await request.bytes(), context)
    case ["metrics"]:
      try request.allow(.get)
      return try await MetricsRoute(server: server, account: account).response()
    default:
      if path.parts.prefix(2) == ["v1", "models"] {
        try request.allow(.get)
        // A model's name may have slashes.
        let model = try server.model(path.parts.dropFirst(2).joined(separator: "/"))
        return try JSONResponse.response(ModelObject(model, created: server.started))
      }
      guard path.parts.prefix(2) == ["api", "contexts"] else { throw ServeError.notFound }
      return try await ContextRoutes(server: server, account: account)
        .respond(to: request, path)
    }
  }
}

extension Request {
  private static let mostBytes = 32 << 20
  private static let secondsToArrive: Int64 = 30

  /// - Throws: `ServeError` if the method is none of these.
  func allow(_ methods: HTTPRequest.Method...) throws(ServeError) {
    guard methods.contains(method) else { throw .methodNotAllowed(methods) }
  }

  /// The whole body.
  ///
  /// - Throws: `ServeError` if it is too large, or takes too long.
  fileprivate func bytes() async throws -> [UInt8] {
    if let length = headers[.contentLength].flatMap({ Int($0) }), length > Self.mostBytes {
      throw ServeError.tooLarge
    }
    let buffer = try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
      group.addTask {
        do { return try await body.collect(upTo: Self.mostBytes) } catch is NIOTooManyBytesError {
          throw ServeError.tooLarge
        }
      }
      group.addTask {
        try await Task.sleep(for: .seconds(Self.secondsToArrive))
        throw ServeError.tooSlow
      }
      defer { group.cancelAll() }
      guard let first = try await group.next() else { throw ServeError.tooSlow }
      return first
    }
    return Array(buffer.readableBytesView)
  }
}
