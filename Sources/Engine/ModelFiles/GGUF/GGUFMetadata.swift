import ByteIO

/// Typed access to a GGUF file's metadata.
struct GGUFMetadata {
  let path: String
  let values: [String: GGUFValue]

  /// A whole number within bounds that the rest of the program can rely on.
  func integer(_ key: String, in range: ClosedRange<Int>) throws(MalformedFile) -> Int {
    guard let value = try optionalInteger(key, in: range) else { throw error(key, "is missing") }
    return value
  }

  func optionalInteger(_ key: String, in range: ClosedRange<Int>) throws(MalformedFile) -> Int? {
    let number: Int?
    switch values[key] {
    case nil: return nil
    case .unsigned(let value): number = Int(exactly: value)
    case .signed(let value): number = Int(exactly: value)
    default: throw error(key, "is no whole number")
    }
    guard let number, range.contains(number) else {
      throw error(key, "is outside \(range.lowerBound) … \(range.upperBound)")
    }
    return number
  }

  /// Whether a key is absent or the number 0.
  func isAbsentOrZero(_ key: String) -> Bool {
    switch values[key] {
    case nil: true
    case .unsigned(let value): value == 0
    case .signed(let value): value == 0
    case .float(let value): value == 0
    default: false
    }
  }

  func float(_ key: String) throws(MalformedFile) -> Double? {
    guard let value = values[key] else { return nil }
    guard case .float(let number) = value, number.isFinite, number > 0 else {
      throw error(key, "is no positive number")
    }
    return number
  }

  func bool(_ key: String) throws(MalformedFile) -> Bool? {
    guard let value = values[key] else { return nil }
    guard case .bool(let flag) = value else { throw error(key, "is neither true nor false") }
    return flag
  }

  func optionalText(_ key: String) throws(MalformedFile) -> String? {
    guard let value = values[key] else { return nil }
    guard case .text(let bytes) = value else { throw error(key, "is no text") }
    return String(decoding: bytes, as: UTF8.self)
  }

  func text(_ key: String) throws(MalformedFile) -> String {
    guard let text = try optionalText(key) else { throw error(key, "is missing") }
    return text
  }

  func texts(_ key: String) throws(MalformedFile) -> [[UInt8]] {
    guard case .texts(let texts) = values[key] else { throw error(key, "is no list of texts") }
    return texts
  }

  func integers(_ key: String) throws(MalformedFile) -> [Int32] {
    guard case .integers(let numbers) = values[key] else {
      throw error(key, "is no list of whole numbers")
    }
    return numbers
  }

  func floats(_ key: String) throws(MalformedFile) -> [Float] {
    guard case .floats(let numbers) = values[key] else {
      throw error(key, "is no list of float32 numbers")
    }
    return numbers
  }

  func error(_ key: String, _ problem: String) -> MalformedFile {
    MalformedFile(path: path, section: "metadata", problem: "\(key) \(problem)")
  }
}
