/// A JSON value (RFC 8259) as a file has it, strings as UTF-8 bytes.
///
/// Foundation's decoder is not used, since its keys are `String`s. It takes "é" and "e" with a
/// combining accent for one key, which merges two tokens of a vocabulary. If a key occurs twice, it
/// hides one.
enum JSONValue: Sendable {
  case null
  case bool(Bool)
  /// The number as it is written.
  case number(String)
  case text([UInt8])
  case array([JSONValue])
  /// In the file's order; no key occurs twice.
  case object([Member])

  /// A key of an object and its value.
  struct Member: Sendable {
    let key: [UInt8]
    let value: JSONValue
    /// The key's offset in the file.
    let offset: UInt64
  }

  /// The whole number, if it is one that fits.
  var integer: Int? {
    guard case .number(let text) = self else { return nil }
    return Int(text)
  }

  /// The number, unless it is too large for a `Double`.
  var double: Double? {
    guard case .number(let text) = self, let value = Double(text), value.isFinite else {
      return nil
    }
    return value
  }

  /// The number, rounded to float32.
  var float: Float? { double.map { Float($0) } }
}
