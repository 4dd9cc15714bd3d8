import FoundationEssentials

/// A file's provenance for people. The format asks for JSON, but nothing relies on it. Other text,
/// and text that is too long for a terminal, is shown as it is, from its beginning.
struct ProvenanceText: CustomStringConvertible {
  private static let longest = 1 << 14
  private static let width = 60
  private static let mostLines = 20

  let description: String

  init(_ text: String) {
    var lines: [(String, String)] = []
    if text.utf8.count <= Self.longest,
      let value = try? JSONDecoder().decode(Value.self, from: Data(text.utf8))
    {
      lines = value.lines(name: "")
    }
    if lines.isEmpty { lines = [("", text == "{}" ? "none" : text)] }
    let shown = lines.prefix(Self.mostLines).map { ($0, Format.shortened($1, to: Self.width)) }
    let rest = lines.count - shown.count
    description = Format.list(
      "provenance", shown + (rest > 0 ? [("…", "\(rest) more; --json shows all")] : []))
  }

  /// A JSON value; an object's members by name, so that equal text gives equal lines.
  private enum Value: Decodable {
    case object([String: Value])
    case list([Value])
    case text(String)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self) {
        self = .text(text)
      } else if let number = try? container.decode(Int.self) {
        self = .text("\(number)")
      } else if let number = try? container.decode(Double.self) {
        self = .text("\(number)")
      } else if let flag = try? container.decode(Bool.self) {
        self = .text("\(flag)")
      } else if container.decodeNil() {
        self = .text("null")
      } else if let list = try? container.decode([Value].self) {
        self = .list(list)
      } else {
        self = .object(try container.decode([String: Value].self))
      }
    }

    /// Every leaf with the names that lead to it.
    func lines(name: String) -> [(String, String)] {
      func inner(_ key: String) -> String { name.isEmpty ? key : "\(name).\(key)" }
      return switch self {
      case .text(let text): [(name, text)]
      case .list(let list): list.enumerated().flatMap { $1.lines(name: inner("\($0)")) }
      case .object(let members):
        members.sorted { $0.key < $1.key }.flatMap { $1.lines(name: inner($0)) }
      }
    }
  }
}
