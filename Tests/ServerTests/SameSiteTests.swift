import HTTPTypes
import Testing

@testable import Server

@Suite("Requests that another web site causes")
struct SameSiteTests {
  private func isAnswered(
    _ method: HTTPRequest.Method, host: String?, origin: String? = nil, needsLoopback: Bool = true
  ) -> Bool {
    var request = HTTPRequest(method: method, scheme: "http", authority: host, path: "/")
    request.headerFields[.origin] = origin
    return (try? SameSite(needsLoopback: needsLoopback).check(request)) != nil
  }

  @Test("names of the loopback interface")
  func loopback() {
    for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.1.2.3", "[::1]", "[::1]:8080"] {
      #expect(isAnswered(.get, host: host))
    }
    #expect(isAnswered(.get, host: nil))
  }

  @Test("a name that leads here and is another site's is not answered")
  func rebinding() {
    for host in [
      "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.256",
      "localhost:x", "localhost:", "[::1", "[::2]", "0.0.0.0", "127.0.0.1:80:90", "128.0.0.1",
    ] {
      #expect(!isAnswered(.get, host: host))
      #expect(isAnswered(.get, host: host, needsLoopback: false))
    }
  }

  @Test("what changes something comes from the own page, or from no page")
  func origins() {
    for method in [HTTPRequest.Method.post, .delete, .put] {
      #expect(isAnswered(method, host: "localhost:8080"))
      #expect(isAnswered(method, host: "localhost:8080", origin: "http://localhost:8080"))
      #expect(isAnswered(method, host: "localhost:8080", origin: "https://localhost:8080"))
      for origin in ["http://evil.example", "null", "", "http://localhost", "localhost:8080"] {
        #expect(!isAnswered(method, host: "localhost:8080", origin: origin))
      }
    }
    #expect(isAnswered(.get, host: "localhost:8080", origin: "http://evil.example"))
  }
}
