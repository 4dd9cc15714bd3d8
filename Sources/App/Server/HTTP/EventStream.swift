import HTTPTypes
import Hummingbird
import NIOCore

/// Server-sent events. Source: the HTML standard, "Server-sent events".
enum EventStream {
  /// One event. JSON has no line breaks, which would end a field.
  static func frame(_ json: [UInt8]) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeString("data: ")
    buffer.writeBytes(json)
    buffer.writeString("\n\n")
    return buffer
  }

  /// What ends a stream of OpenAI's.
  static let end = frame(Array("[DONE]".utf8))

  /// A response whose events `body` writes.
  static func response(
    _ body: @escaping @Sendable (_ write: (ByteBuffer) async throws -> Void) async throws -> Void
  ) -> Response {
    Response(
      status: .ok,
      headers: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store"],
      body: ResponseBody { writer in
        try await body { try await writer.write($0) }
        try await writer.finish(nil)
      })
  }
}
