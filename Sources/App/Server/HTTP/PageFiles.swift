import ByteIO
import HTTPTypes
import Hummingbird
import NIOCore

/// The page at /, which is a part of the program.
enum PageFiles {
  private struct File: Sendable {
    let type: String
    let bytes: [UInt8]
    let tag: String

    init(_ type: String, _ bytes: [UInt8]) {
      (self.type, self.bytes) = (type, bytes)
      let digest = SHA256.digest(of: bytes).prefix(8)
      tag = "\"" + digest.map { String($0, radix: 16) }.joined(separator: "-") + "\""
    }
  }

  private static let script = "text/javascript; charset=utf-8"
  private static let style = "text/css; charset=utf-8"

  private static let files: [String: File] = [
    "": File("text/html; charset=utf-8", PackageResources.index_html),
    "favicon.svg": File("image/svg+xml", PackageResources.favicon_svg),
    "style.css": File(style, PackageResources.style_css),
    "ask.css": File(style, PackageResources.ask_css),
    "app.js": File(script, PackageResources.app_js),
    "ask.js": File(script, PackageResources.ask_js),
    "conversation.js": File(script, PackageResources.conversation_js),
    "dialogs.js": File(script, PackageResources.dialogs_js),
    "library.js": File(script, PackageResources.library_js),
    "parts.js": File(script, PackageResources.parts_js),
    "prepare.js": File(script, PackageResources.prepare_js),
    "requests.js": File(script, PackageResources.requests_js),
    "rows.js": File(script, PackageResources.rows_js),
    "settings.js": File(script, PackageResources.settings_js),
    "turns.js": File(script, PackageResources.turns_js),
  ]

  /// The page loads nothing from elsewhere. It draws heat maps from memory.
  private static let policy = [
    "default-src 'self'", "img-src 'self' blob:", "base-uri 'none'", "form-action 'none'",
    "frame-ancestors 'none'",
  ].joined(separator: "; ")

  /// A file of the page; nil if there is none of that name.
  static func response(_ name: String, to request: Request) -> Response? {
    guard let file = files[name] else { return nil }
    var headers: HTTPFields = [
      .contentType: file.type, .eTag: file.tag, .cacheControl: "no-cache",
      .contentSecurityPolicy: policy,
    ]
    guard request.headers[.ifNoneMatch] != file.tag else {
      headers[.contentType] = nil
      return Response(status: .notModified, headers: headers)
    }
    return Response(
      status: .ok, headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.bytes)))
  }
}
