import HTTPTypes

/// A request cannot be met: OpenAI's form of an error, with the status of its response.
struct ServeError: Error, Sendable, Equatable {
  let status: HTTPResponse.Status
  /// One sentence, which names no path of this machine.
  let message: String
  /// The field of the request that is wrong.
  var param: String?
  /// What OpenAI's clients know the error by.
  var code: String?
  /// When to ask again, in seconds.
  var retryAfter: Int?

  /// OpenAI's kind of error.
  var type: String {
    switch status.code {
    case 401: "authentication_error"
    case 403: "permission_error"
    case 429: "rate_limit_error"
    case 500...: "server_error"
    default: "invalid_request_error"
    }
  }
}

extension ServeError {
  /// A field of a request has a wrong value.
  static func invalid(_ param: String?, _ message: String, code: String? = nil) -> ServeError {
    ServeError(status: .badRequest, message: message, param: param, code: code)
  }

  /// A field asks for what this server does not do.
  static func unsupported(_ param: String, _ what: String = "is not supported") -> ServeError {
    invalid(param, "\(param) \(what)", code: "unsupported_parameter")
  }

  static func modelNotFound(_ name: String) -> ServeError {
    ServeError(
      status: .notFound, message: "the model \(quoted(name)) does not exist; see /v1/models",
      param: "model", code: "model_not_found")
  }

  static func contextNotFound(_ name: String) -> ServeError {
    ServeError(
      status: .notFound, message: "there is no context \(quoted(name))", param: "document",
      code: "context_not_found")
  }

  static func queueFull(retryAfter: Int) -> ServeError {
    ServeError(
      status: .tooManyRequests, message: "too many requests wait for a model; ask again later",
      code: "queue_full", retryAfter: retryAfter)
  }

  static func modelTooLarge(_ name: String, bytes: UInt64, limit: UInt64) -> ServeError {
    ServeError(
      status: .internalServerError,
      message: "\(name) has \(bytes) bytes, and loaded models may have \(limit)")
  }

  static func methodNotAllowed(_ allowed: [HTTPRequest.Method]) -> ServeError {
    ServeError(
      status: .methodNotAllowed,
      message: "use " + allowed.map(\.rawValue).joined(separator: " or "))
  }

  static let noKey = ServeError(
    status: .unauthorized, message: "show a valid key: Authorization: Bearer KEY",
    code: "invalid_api_key")
  static let notFound = ServeError(status: .notFound, message: "there is nothing here")
  static let noStore = invalid(nil, "this server keeps no contexts; it was started without --store")
  static let tooSlow = ServeError(
    status: .requestTimeout, message: "the request did not arrive in time")
  static let tooLarge = ServeError(
    status: .contentTooLarge, message: "a request has at most 32 MiB")
  static let otherSite = ServeError(
    status: .forbidden, message: "requests that another web site caused are not answered")
  static let shuttingDown = ServeError(
    status: .serviceUnavailable, message: "the server is shutting down", retryAfter: 5)
  /// Nobody reads it.
  static let abandoned = ServeError(
    status: .requestTimeout, message: "the client closed the connection")

  /// A text of a request, short enough for a sentence.
  private static func quoted(_ text: String) -> String { "`\(text.prefix(100))`" }
}
