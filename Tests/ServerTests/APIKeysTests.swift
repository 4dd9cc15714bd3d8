import Testing

@testable import Server

@Suite("Keys that clients show")
struct APIKeysTests {
  private func keys(_ text: String) throws -> APIKeys {
    try APIKeys(lines: Array(text.utf8), path: "keys")
  }

  @Test("each line is a key, but blank lines and comments are not")
  func lines() throws {
    let keys = try keys("# ours\r\n\n  first-key-is-long \nsecond-key-is-long\r\n\t\n")
    #expect(keys.digest(of: "first-key-is-long") != nil)
    #expect(keys.digest(of: "second-key-is-long") != nil)
    #expect(keys.digest(of: "first-key-is-long") != keys.digest(of: "second-key-is-long"))
    for other in ["", "# ours", "first-key-is-lon", "first-key-is-long ", "third-key-is-long"] {
      #expect(keys.digest(of: other) == nil)
    }
  }

  @Test(
    "a file that is none is rejected without a word of its keys",
    arguments: [
      "", "\n# only this\n", "tiny-secret", "a-key-that-is-long\ntiny-secret",
      "tiny-secret with blanks",
    ])
  func rejected(_ text: String) {
    let error = #expect(throws: APIKeysRefusal.self) { try keys(text) }
    #expect(error.map { !"\($0)".contains("secret") } ?? false)
  }
}
