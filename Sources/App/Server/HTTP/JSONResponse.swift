import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// Responses in JSON.
enum JSONResponse {
  /// The bytes of a value.
  ///
  /// - Throws: `EncodingError` for numbers that are not finite.
  static func bytes(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value))
  }

  /// A response with a value.
  static func response(
    _ value: some Encodable, status: HTTPResponse.Status = .ok
  ) throws -> Response {
    response(try bytes(value), status: status)
  }

  /// A response with an error.
  static func response(_ error: ServeError) -> Response {
    let bytes = (try? bytes(ErrorObject(error: error))) ?? []
    var response = response(bytes, status: error.status)
    if let seconds = error.retryAfter { response.headers[.retryAfter] = String(seconds) }
    if error.status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
    if error.status == .requestTimeout || error.status == .contentTooLarge {
      response.headers[.connection] = "close"
    }
    return response
  }

  private static func response(_ bytes: [UInt8], status: HTTPResponse.Status) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }
}

/// An error in OpenAI's form.
struct ErrorObject: Encodable {
  let error: ServeError

  func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    var object = values.nestedContainer(keyedBy: Key.self, forKey: "error")
    try object.encode(error.message, forKey: "message")
    try object.encode(error.type, forKey: "type")
    try object.encode(error.param, forKey: "param")
    try object.encode(error.code, forKey: "code")
  }
}
