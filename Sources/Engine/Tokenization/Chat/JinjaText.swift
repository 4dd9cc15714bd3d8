/// A template in Jinja, reduced to what changes its output.
///
/// Blanks within tags but not within quotes change nothing, nor do blanks next to a tag that trims
/// them (`{%-`). A line break in quotes may be written as such or escaped.
enum JinjaText {
  /// What is left of a template.
  static func significant(_ template: String) -> [UInt8] { significant(Array(template.utf8)) }

  /// What is left of a template in UTF-8.
  static func significant(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var position = 0
    result.reserveCapacity(bytes.count)
    while position < bytes.count {
      if let end = endOfTag(bytes, position) {
        if bytes[position + 2] == UInt8(ascii: "-") {
          while let last = result.last, isBlank(last) { result.removeLast() }
        }
        appendTag(bytes[position..<end], to: &result)
        position = end
        if bytes[end - 3] == UInt8(ascii: "-") {
          while position < bytes.count, isBlank(bytes[position]) { position += 1 }
        }
      } else {
        result.append(bytes[position])
        position += 1
      }
    }
    while result.last == UInt8(ascii: "\n") { result.removeLast() }
    return result
  }

  /// The end of the tag that starts at a position; nil if none does or it is not closed.
  private static func endOfTag(_ bytes: [UInt8], _ start: Int) -> Int? {
    guard start + 4 < bytes.count, bytes[start] == UInt8(ascii: "{") else { return nil }
    let closing: UInt8
    switch bytes[start + 1] {
    case UInt8(ascii: "{"): closing = UInt8(ascii: "}")
    case UInt8(ascii: "%"), UInt8(ascii: "#"): closing = bytes[start + 1]
    default: return nil
    }
    for end in start + 3..<bytes.count where bytes[end] == UInt8(ascii: "}") {
      if bytes[end - 1] == closing { return end + 1 }
    }
    return nil
  }

  private static func appendTag(_ tag: ArraySlice<UInt8>, to result: inout [UInt8]) {
    var quote: UInt8?
    var isEscaped = false
    for byte in tag {
      if isEscaped, byte == UInt8(ascii: "n") {
        result[result.count - 1] = UInt8(ascii: "\n")
        isEscaped = false
        continue
      }
      if quote == nil, isBlank(byte) { continue }
      if quote == nil, byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
        quote = byte
      } else if quote == byte, !isEscaped {
        quote = nil
      }
      isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
      result.append(byte)
    }
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
  }
}
