/// A piece of SVG or HTML. Names come from code; every text and every attribute's value is escaped.
struct Markup {
  /// Names and values in order; nil leaves an attribute out.
  typealias Attributes = KeyValuePairs<String, (any CustomStringConvertible)?>

  /// The piece as it is written to a file.
  let source: String

  /// An element with text, or an empty one.
  init(_ name: String, _ attributes: Attributes = [:], text: String? = nil) {
    let start = Self.start(name, attributes)
    source = text.map { "<\(start)>\(Self.escaped($0))</\(name)>" } ?? "<\(start)/>"
  }

  /// An element whose children are on its own line.
  init(_ name: String, _ attributes: Attributes = [:], inline children: [Markup]) {
    let content = children.map(\.source).joined()
    source = "<\(Self.start(name, attributes))>\(content)</\(name)>"
  }

  /// An element whose children have a line each.
  init(_ name: String, _ attributes: Attributes = [:], lines children: [Markup]) {
    let content = children.map(\.source).joined(separator: "\n")
    source = "<\(Self.start(name, attributes))>\n\(content)\n</\(name)>"
  }

  /// Text between elements.
  init(text: String) { source = Self.escaped(text) }

  /// What is markup already.
  init(verbatim source: String) { self.source = source }

  private static func start(_ name: String, _ attributes: Attributes) -> String {
    attributes.reduce(into: name) { start, attribute in
      guard let value = attribute.value else { return }
      start += " \(attribute.key)=\"\(escaped("\(value)"))\""
    }
  }

  /// Text for XML and HTML. Characters that they cannot hold, or that turn the direction of text,
  /// are shown by their number or become U+FFFD.
  private static func escaped(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      (0x20..<0x7F).contains(byte) && !"&<>\"".utf8.contains(byte)
    }
    guard !isPlain else { return text }
    return Format.printable(text).unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
  }
}
