import HTTPTypes
import Hummingbird
import NIOCore
import Workflows

/// Answers to requests below `/api/contexts`.
struct ContextRoutes: Sendable {
  let server: QFiltersServer
  let account: Account

  private struct Text: Encodable {
    struct Turn: Encodable {
      let role, text: String
    }

    let turns: [Turn]
  }

  /// - Throws: `ServeError`, and what the libraries throw.
  func respond(to request: Request, _ path: RequestPath) async throws -> Response {
    let contexts = StoredContexts(server: server, account: account)
    let parts = Array(path.parts.dropFirst(2))
    switch (parts.count, parts.last) {
    case (0, _):
      try request.allow(.get)
      return try JSONResponse.response(try await contexts.list())
    case (1, let name?):
      try request.allow(.delete)
      let names = try await contexts.remove(name, withChildren: path.value("children") == "true")
      return try JSONResponse.response(["removed": names])
    case (2, "text"):
      try request.allow(.get)
      let turns = try await contexts.turns(parts[0], model: try model(path))
      return try JSONResponse.response(
        Text(turns: turns.map { .init(role: $0.role.rawValue, text: $0.text) }))
    case (2, "heatmap"):
      try request.allow(.get)
      return drawing(try await contexts.heatmap(parts[0]))
    default: throw ServeError.notFound
    }
  }

  /// The model whose tokenizer reads a context; the only one, if there is only one.
  private func model(_ path: RequestPath) throws(ServeError) -> ServerSettings.Model {
    if let name = path.value("model") { return try server.model(name) }
    guard server.settings.models.count == 1 else {
      throw .invalid("model", "name a model: ?model=NAME")
    }
    return server.settings.models[0]
  }

  private func drawing(_ svg: String) -> Response {
    Response(
      status: .ok,
      headers: [
        .contentType: "image/svg+xml", .cacheControl: "no-store",
        .contentSecurityPolicy: "default-src 'none'; style-src 'unsafe-inline'",
      ], body: ResponseBody(byteBuffer: ByteBuffer(string: svg)))
  }
}
