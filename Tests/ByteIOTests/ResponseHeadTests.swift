import Testing

@testable import ByteIO

@Suite("The head of a server's answer is taken line by line, and nothing of it is trusted")
struct ResponseHeadTests {
  private func head(_ text: String) -> ResponseHead {
    var head = ResponseHead()
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      head.add(Array((line + "\r\n").utf8))
    }
    return head
  }

  @Test func takesWhatMatters() {
    let head = head(
      """
      HTTP/1.1 206 Partial Content
      content-LENGTH: 100
      Content-Range:  bytes 100-199/1000\u{20}
      ETag: "a b"
      Last-Modified: Mon, 30 Nov 2026 15:30:34 GMT
      X: y

      """)
    #expect(head.status == 206 && head.length == 100)
    #expect(head.range == 100..<200 && head.total == 1000)
    #expect(head.tag == "\"a b\"" && head.modified == "Mon, 30 Nov 2026 15:30:34 GMT")
    #expect(!head.isEncoded)
  }

  @Test func forgetsTheHeadOfARedirect() {
    let head = head("HTTP/1.1 302 Found\nETag: 1\nContent-Length: 5\n\nHTTP/2 200\n")
    #expect(head.status == 200 && head.tag == nil && head.length == nil)
  }

  @Test func knowsThatNoByteIsThere() {
    let head = head("HTTP/1.1 416 Range Not Satisfiable\nContent-Range: bytes */0")
    #expect(head.range?.isEmpty == true && head.total == 0)
  }

  @Test func knowsCompression() {
    #expect(head("HTTP/2 200\nContent-Encoding: gzip").isEncoded)
    #expect(!head("HTTP/2 200\nContent-Encoding: identity").isEncoded)
  }

  @Test(
    arguments: [
      "bytes 1-0/5", "bytes 0-5/5", "bytes -1-2/5", "bytes 0-+2/5", "bytes 0-2/*", "bytes 0-2",
      "bytes 0-2/5/6", "items 0-2/5", "bytes", "", "0-2/5", "bytes 0-2/99999999999999999999",
      "bytes 0-18446744073709551615/18446744073709551615", "bytes 0 - 2/5", "bytes /", "bytes -/5",
    ])
  func rejectsARangeThatIsNone(value: String) {
    let head = head("HTTP/1.1 206 OK\nContent-Range: \(value)")
    #expect(head.range == nil && head.total == nil)
  }

  @Test(arguments: ["-1", "+1", "1.5", "0x10", "", "18446744073709551616", "1 2"])
  func rejectsALengthThatIsNone(value: String) {
    #expect(head("HTTP/1.1 200 OK\nContent-Length: \(value)").length == nil)
  }

  @Test func survivesAnyBytes() {
    var head = ResponseHead()
    for bytes in [[0xFF, 0xFE, 0x3A], [0x3A], [], Array("HTTP/".utf8), Array("HTTP/1 x".utf8)] {
      head.add(bytes as [UInt8])
    }
    #expect(head.status == 0)
  }
}
