import HTTPTypes

/// Rejects requests that another web site has a browser send.
///
/// - A name of another site may lead to this machine (DNS rebinding): a server without keys on a
///   loopback address answers only to that address's names.
/// - A page may post to any address (CSRF): what changes something must come from the own page.
struct SameSite: Sendable {
  /// Whether the host in a request must be a name of the loopback interface.
  let needsLoopback: Bool

  /// - Throws: `ServeError.otherSite`.
  func check(_ request: HTTPRequest) throws(ServeError) {
    let host = request.authority ?? ""
    if needsLoopback, !host.isEmpty, !Self.isLoopback(host) { throw .otherSite }
    guard request.method != .get, request.method != .head,
      let origin = request.headerFields[.origin]
    else { return }
    guard let scheme = origin.firstRange(of: "://"),
      origin[scheme.upperBound...].lowercased() == host.lowercased()
    else { throw .otherSite }
  }

  /// Whether a host, with or without a port, is this machine by its own name.
  static func isLoopback(_ host: String) -> Bool {
    let host = host.lowercased()
    var name = host[...]
    if host.hasPrefix("[") {
      guard let end = host.firstIndex(of: "]") else { return false }
      name = host[...end]
    } else if let colon = host.firstIndex(of: ":") {
      name = host[..<colon]
    }
    let port = host[name.endIndex...]
    guard port.isEmpty || (port.first == ":" && UInt16(port.dropFirst()) != nil) else {
      return false
    }
    if name == "localhost" || name == "[::1]" { return true }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }
}
