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

  private static let files: [String: File] = [
    "": File("text/html; charset=utf-8", PackageResources.index_html),
    "app.js": File("text/javascript; charset=utf-8", PackageResources.app_js),
    "style.css": File("text/css; charset=utf-8", PackageResources.style_css),
    "favicon.svg": File("image/svg+xml", PackageResources.favicon_svg),
  ]

  /// A file of the page; nil if there is none of that name.
  static func response(_ name: String, to request: Request) -> Response? {
    guard let file = files[name] else { return nil }
    var headers: HTTPFields = [
      .contentType: file.type, .eTag: file.tag, .cacheControl: "no-cache",
      .contentSecurityPolicy:
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
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
