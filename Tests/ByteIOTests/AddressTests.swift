import Testing

@testable import ByteIO

@Suite("An address is told from a path, and its secrets from what may be shown")
struct AddressTests {
  @Test(
    "a path is no address",
    arguments: [
      "book.kvsnap", "/a/https://b/c", "./http://a", "https:/a", "https://", "http:///a", "",
      "ftp://a/b", "file:///etc/passwd", "https://user@/a", "https://?a",
    ])
  func path(text: String) {
    #expect(Address(text) == nil)
    #expect(Address.shown(text) == text)
  }

  @Test(
    "a query and a user's password are not shown",
    arguments: [
      ("https://h/a/b.kvsnap", "https://h/a/b.kvsnap"),
      ("HTTPS://h:1/b", "HTTPS://h:1/b"),
      ("http://[::1]:80/b", "http://[::1]:80/b"),
      ("https://h/b?X-Amz-Signature=1", "https://h/b?…"),
      ("https://h/b?\u{301}secret", "https://h/b?…"),
      ("https://h?a=/b", "https://h?…"),
      ("https://me:secret@h/b@c", "https://h/b@c"),
      ("https://me:a@b@h/c?d#e", "https://h/c?…"),
      ("https://h/b#part", "https://h/b"),
    ])
  func shown(text: String, shown: String) {
    #expect(Address(text)?.shown == shown)
  }

  @Test("also where a message quotes them")
  func quoted() {
    let secret = "https://me:secret@h/b.kvsnap?signature=secret;x=(secret)"
    for (text, shown) in [
      ("\(secret) is damaged", "https://h/b.kvsnap?… is damaged"),
      (
        "add --parent \(secret)\nand https://h/c?d",
        "add --parent https://h/b.kvsnap?…\nand https://h/c?…"
      ),
      ("https://h/b?…: header at byte 8: wrong", "https://h/b?…: header at byte 8: wrong"),
      ("what is https://?", "what is https://?"), ("no address: ://", "no address: ://"),
    ] {
      #expect(Address.withoutSecrets(text) == shown)
    }
  }

  @Test(
    "its name is the last component, decoded, without the query",
    arguments: [
      ("https://h/a/b.kvsnap", "b.kvsnap"), ("https://h/a/b.kvsnap?c=/d", "b.kvsnap"),
      ("https://h/my%20b%C3%A9.kvsnap", "my bé.kvsnap"), ("https://h/a%2Fb", "a%2Fb"),
      ("https://h/%00", "%00"), ("https://h/%zz", "%zz"), ("https://h/%+1", "%+1"),
      ("https://h/%2e%2e", "%2e%2e"), ("https://h/%FF", "%FF"), ("https://h/a%2", "a%2"),
      ("https://h/a/", "https://h/a/"), ("https://h", "https://h"),
    ])
  func name(text: String, name: String) {
    #expect(Folder.name(of: text) == name)
  }

  @Test(
    "a file next to it has its folder, and no query",
    arguments: [
      ("https://h/a/b.kvsnap", "https://h/a/c%20%C3%A9%3F.kvsnap"),
      ("https://me:pw@h/b", "https://me:pw@h/c%20%C3%A9%3F.kvsnap"),
      ("https://h", "https://h/c%20%C3%A9%3F.kvsnap"),
    ])
  func sibling(text: String, sibling: String) {
    #expect(Folder.sibling(of: text, named: "c é?.kvsnap") == sibling)
    #expect(Folder.companion(of: text, named: "c é?.kvsnap") == sibling)
    #expect(Folder.companion(of: text + "?signature", named: "c") == nil)
  }

  @Test("nothing is written to one")
  func notWritten() {
    #expect(throws: Address.NotWritable.self) { try Address.checkIsPath("https://h/b?c") }
    #expect(throws: Never.self) { try Address.checkIsPath("b") }
  }
}
