import ByteIO

/// Parses JSON (RFC 8259) strictly: UTF-8 only, no key twice in an object, nothing after the value.
struct JSONParser {
  let bytes: [UInt8]
  private let path: String
  private let section: String
  private let base: UInt64
  var position = 0
  private var values = 0

  /// Deeper nesting than any model's file has; it bounds the stack.
  private static let depthLimit = 64
  /// The most values: more than any vocabulary needs. It bounds memory, since a value of one byte
  /// in the file takes more.
  private static let valueLimit = 1 << 23

  private init(_ bytes: [UInt8], path: String, section: String, base: UInt64) {
    (self.bytes, self.path, self.section, self.base) = (bytes, path, section, base)
  }

  /// The value that `bytes` spell; they begin at `base` in the file at `path`.
  static func parse(
    _ bytes: [UInt8], path: String, section: String, base: UInt64 = 0
  ) throws(MalformedFile) -> JSONValue {
    var parser = JSONParser(bytes, path: path, section: section, base: base)
    do {
      _ = try UTF8Span(validating: bytes.span)
    } catch {
      parser.position = error.byteOffsets.lowerBound
      throw parser.error("this is not UTF-8")
    }
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.next == nil else { throw parser.error("something follows the JSON value") }
    return value
  }

  /// The byte that comes next; nil at the end.
  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  func error(_ problem: String) -> MalformedFile {
    MalformedFile(
      path: path, section: section, offset: base + UInt64(position), problem: problem)
  }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  /// Whether `byte` comes next, after space; if so, it is stepped over.
  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    skipSpace()
    guard next == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws(MalformedFile) -> JSONValue {
    skipSpace()
    values += 1
    guard depth < Self.depthLimit else { throw error("nested deeper than \(Self.depthLimit)") }
    guard values <= Self.valueLimit else { throw error("more than \(Self.valueLimit) values") }
    switch next {
    case UInt8(ascii: "{"): return .object(try object(depth))
    case UInt8(ascii: "["): return .array(try array(depth))
    case UInt8(ascii: "\""): return .text(try text())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"): return .number(try number())
    case let byte? where Self.isDigit(byte): return .number(try number())
    case nil: throw error("the JSON ends too early")
    default: throw error("no JSON value begins like this")
    }
  }

  private mutating func object(_ depth: Int) throws(MalformedFile) -> [JSONValue.Member] {
    position += 1
    var members: [JSONValue.Member] = []
    var keys: Set<[UInt8]> = []
    guard !take("}") else { return [] }
    repeat {
      skipSpace()
      let start = position
      guard next == UInt8(ascii: "\"") else { throw error("a key is expected here") }
      let key = try text()
      guard keys.insert(key).inserted else {
        position = start
        throw error("the key \(Self.quoted(key)) occurs twice")
      }
      guard take(":") else { throw error("a colon is expected here") }
      let offset = base + UInt64(start)
      members.append(.init(key: key, value: try value(depth: depth + 1), offset: offset))
    } while take(",")
    guard take("}") else { throw error("a comma or closing brace is expected here") }
    return members
  }

  private mutating func array(_ depth: Int) throws(MalformedFile) -> [JSONValue] {
    position += 1
    guard !take("]") else { return [] }
    var elements: [JSONValue] = []
    repeat { elements.append(try value(depth: depth + 1)) } while take(",")
    guard take("]") else { throw error("a comma or closing bracket is expected here") }
    return elements
  }

  private mutating func word(
    _ word: String, _ value: JSONValue
  ) throws(MalformedFile) -> JSONValue {
    guard bytes[position...].starts(with: word.utf8) else {
      throw error("no JSON value begins like this")
    }
    position += word.utf8.count
    return value
  }

  /// Text from a file, escaped, so that it cannot control a terminal.
  static func quoted(_ text: [UInt8]) -> String {
    String(decoding: text.prefix(200), as: UTF8.self).debugDescription
  }
}
