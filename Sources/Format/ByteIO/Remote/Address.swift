/// The address of a file on a server: it begins with `https://` or `http://`.
package struct Address: Sendable {
  /// The whole address. It may hold secrets: a password, or the signature in a query.
  let text: String
  /// Without what may be secret, for messages.
  package let shown: String
  /// Whether the address has no TLS.
  let isPlain: Bool
  /// Whether it has a query, which may be a signature for this file alone.
  package let hasQuery: Bool
  /// What precedes the path's last slash, and what follows it, as it is written.
  private let folder, component: Substring

  /// Takes `text` for an address; nil if it is a path.
  package init?(_ text: String) {
    guard let (start, isPlain) = Self.scheme(of: text[...]) else { return nil }
    let bytes = text.utf8
    let end = bytes.firstIndex(of: UInt8(ascii: "#")) ?? bytes.endIndex
    let query = bytes[start..<end].firstIndex(of: UInt8(ascii: "?")) ?? end
    let path = bytes[start..<query].firstIndex(of: UInt8(ascii: "/")) ?? query
    let user = bytes[start..<path].lastIndex(of: UInt8(ascii: "@"))
    let host = user.map(bytes.index(after:)) ?? start
    guard host < path else { return nil }
    self.text = String(text[..<end])
    self.isPlain = isPlain
    hasQuery = query < end
    shown = "\(text[..<start])\(text[host..<query])\(query < end ? Self.hidden : "")"
    let slash = bytes[path..<query].lastIndex(of: UInt8(ascii: "/"))
    folder = text[..<(slash ?? query)]
    component = slash.map { text[bytes.index(after: $0)..<query] } ?? ""
  }

  /// Stands for a query in messages.
  private static let hidden = "?…"

  /// Where the part after the scheme begins, and whether that is `http`; nil if there is no scheme
  /// that is known.
  private static func scheme(of text: Substring) -> (end: String.Index, isPlain: Bool)? {
    for (scheme, isPlain) in [("https://", false), ("http://", true)] {
      let length = scheme.utf8.count
      let start = text.utf8.prefix(length)
      // A letter's lower case has this bit, and so have the other characters.
      if start.elementsEqual(scheme.utf8, by: { $0 | 0x20 == $1 }) {
        return (start.endIndex, isPlain)
      }
    }
    return nil
  }

  /// The file's name: the path's last component, decoded.
  package var name: String {
    guard let name = Self.decoded(component), !name.isEmpty, name != ".", name != "..",
      !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0)
    else { return component.isEmpty ? shown : String(component) }
    return name
  }

  /// The address of the file `name` in the same folder, without a query.
  func sibling(named name: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    let encoded = name.utf8.flatMap { byte in
      Self.isUnreserved(byte)
        ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
    return "\(folder)/\(String(decoding: encoded, as: UTF8.self))"
  }

  /// RFC 3986, section 2.3.
  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "_"), UInt8(ascii: "~"):
      true
    default: false
    }
  }

  /// Without percent-encoding; nil if that is broken, or encodes no UTF-8.
  private static func decoded(_ component: Substring) -> String? {
    var (bytes, rest) = ([UInt8](), component.utf8[...])
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, rest.prefix(2).allSatisfy({ $0 != UInt8(ascii: "+") }),
        let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      else { return nil }
      bytes.append(code)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

extension Address {
  /// A path as it is, or an address without what may be secret in it.
  package static func shown(_ path: String) -> String { Address(path)?.shown ?? path }

  /// A text without what may be secret in the addresses that it quotes.
  package static func withoutSecrets(_ text: String) -> String {
    var (result, rest) = ("", text[...])
    while let next = rest.utf8.indices.first(where: { scheme(of: rest[$0...]) != nil }) {
      let end = rest[next...].firstIndex { $0.isWhitespace || $0 == "\"" } ?? rest.endIndex
      let address = String(rest[next..<end])
      // What a message says after an address that was shown is not a part of it.
      result += rest[..<next] + (address.contains(hidden) ? address : shown(address))
      rest = rest[end...]
    }
    return result + rest
  }

  /// Rejects an address as the place of a file that is written.
  ///
  /// - Throws: `NotWritable`.
  package static func checkIsPath(_ path: String) throws(NotWritable) {
    if let address = Address(path) { throw NotWritable(address: address.shown) }
  }

  /// A file was to be written to an address.
  package struct NotWritable: CategorisedError {
    let address: String

    /// Another request can be met.
    package var category: FailureCategory { .usage }

    /// One sentence that says what is wrong.
    package var description: String {
      "\(address) is an address, which is only read; name a file on a disk"
    }
  }
}
