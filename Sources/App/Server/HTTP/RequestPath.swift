/// The path of a request, part by part, and its query.
struct RequestPath: Equatable {
  /// What is between the slashes, decoded.
  let parts: [String]
  private let query: [(name: String, value: String)]

  /// Nil if a part is not UTF-8, or a percent sign begins no byte.
  init?(_ target: String) {
    let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var parts: [String] = []
    for part in (halves.first ?? "").split(separator: "/", omittingEmptySubsequences: false)
      .dropFirst()
    {
      guard let text = Self.decoded(part) else { return nil }
      parts.append(text)
    }
    self.parts = parts == [""] ? [] : parts
    query = (halves.count > 1 ? halves[1] : "").split(separator: "&").compactMap { field in
      let pair = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decoded(pair[0]),
        let value = Self.decoded(pair.count > 1 ? pair[1] : "")
      else { return nil }
      return (name, value)
    }
  }

  /// The first value of a name in the query.
  func value(_ name: String) -> String? { query.first { $0.name == name }?.value }

  static func == (left: Self, right: Self) -> Bool {
    left.parts == right.parts && left.query.elementsEqual(right.query) { $0 == $1 }
  }

  private static func decoded(_ text: Substring) -> String? {
    var (bytes, rest) = ([UInt8](), Array(text.utf8)[...])
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = digit(rest.popFirst()), let low = digit(rest.popFirst()) else { return nil }
      bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8?) -> UInt8? {
    byte.flatMap { Character(UnicodeScalar($0)).hexDigitValue }.map { UInt8($0) }
  }
}
