import Testing

@testable import Server

@Suite("Paths of requests")
struct RequestPathTests {
  @Test("parts and query are decoded")
  func decoded() {
    let path = RequestPath("/api/contexts/~5f%2E%2e/a%2Fb?children=true&x=%C3%A9&y")
    #expect(path?.parts == ["api", "contexts", "~5f..", "a/b"])
    #expect(path?.value("children") == "true")
    #expect(path?.value("x") == "é")
    #expect(path?.value("y") == "")
    #expect(path?.value("z") == nil)
    #expect(RequestPath("/")?.parts == [])
    #expect(RequestPath("/api/contexts/..")?.parts == ["api", "contexts", ".."])
  }

  @Test("what is no UTF-8, or half a byte, is no path", arguments: ["/%", "/%4", "/%zz", "/%FF"])
  func invalid(_ target: String) { #expect(RequestPath(target) == nil) }
}
