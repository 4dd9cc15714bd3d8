/// What the head of a server's answer says, as far as it matters here. None of it is trusted.
struct ResponseHead {
  /// The status; 0 before there is one.
  private(set) var status = 0
  /// The length of the body, if it is told.
  private(set) var length: UInt64?
  /// Which bytes of the file the body holds, if it is told; empty if none of those asked for.
  private(set) var range: Range<UInt64>?
  /// The file's size, which is told with the range.
  private(set) var total: UInt64?
  /// What distinguishes versions of the file.
  private(set) var tag, modified: String?
  /// Whether the body is compressed, which nobody asked for.
  private(set) var isEncoded = false

  /// Takes a line with its end. The head of another answer replaces this one: redirects come first.
  mutating func add(_ line: some Collection<UInt8>) {
    let line = String(decoding: line, as: UTF8.self).filter { !$0.isNewline }
    if line.hasPrefix("HTTP/") {
      self = ResponseHead()
      status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
      return
    }
    guard let colon = line.firstIndex(of: ":") else { return }
    let value = Self.trimmed(line[line.index(after: colon)...])
    switch line[..<colon].lowercased() {
    case "content-length": length = Self.number(value)
    case "content-range": (range, total) = Self.contentRange(value)
    case "content-encoding": isEncoded = value.lowercased() != "identity"
    case "etag": tag = value
    case "last-modified": modified = value
    default: break
    }
  }

  private static func trimmed(_ text: Substring) -> String {
    let end = text.lastIndex { !$0.isWhitespace }.map { text.index(after: $0) } ?? text.startIndex
    return String(text[..<end].drop(while: \.isWhitespace))
  }

  /// A number without a sign.
  private static func number(_ text: some StringProtocol) -> UInt64? {
    text.utf8.allSatisfy { 48...57 ~= $0 } ? UInt64(text) : nil
  }

  /// RFC 9110, section 14.4: `bytes 0-99/1000`, or `bytes */1000`.
  private static func contentRange(_ value: String) -> (Range<UInt64>?, UInt64?) {
    let words = value.split(separator: " ")
    guard words.count == 2, words[0].lowercased() == "bytes" else { return (nil, nil) }
    let parts = words[1].split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let total = number(parts[1]) else { return (nil, nil) }
    guard parts[0] != "*" else { return (0..<0, total) }
    let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2, let first = number(ends[0]), let last = number(ends[1]),
      first <= last, last < total
    else { return (nil, nil) }
    return (first..<last + 1, total)
  }
}
