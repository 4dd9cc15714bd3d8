package import ByteIO

/// Typed access to a JSON object of a file. A null counts as absent, as for Python's writers.
package struct JSONObject {
  let path: String
  /// What the object is, for errors: "config", "added token 7".
  let section: String
  let members: [JSONValue.Member]

  /// The most bytes of a JSON file, which is held in memory: more than any tokenizer has.
  private static let fileLimit: UInt64 = 1 << 28

  /// The object that a file holds.
  ///
  /// - Throws: `SystemError` if the file cannot be read, `MalformedFile` if it holds anything else.
  package init(file path: String, section: String) throws {
    let file = try RandomAccessFile(path: path)
    guard file.size <= Self.fileLimit else {
      throw MalformedFile(
        path: path, section: section, problem: "\(file.size) bytes of JSON are beyond belief")
    }
    let bytes = try file.read(at: 0, count: Int(file.size), section: section)
    try self.init(JSONParser.parse(bytes, path: path, section: section), path, section)
  }

  /// Views a value that must be an object.
  init(_ value: JSONValue, _ path: String, _ section: String) throws(MalformedFile) {
    guard case .object(let members) = value else {
      throw MalformedFile(path: path, section: section, problem: "it is no JSON object")
    }
    (self.path, self.section, self.members) = (path, section, members)
  }

  private init(_ members: [JSONValue.Member], of object: JSONObject) {
    (path, section, self.members) = (object.path, object.section, members)
  }

  /// This object, with other members for the keys that it lacks.
  func completed(by others: [JSONValue.Member]) -> JSONObject {
    let keys = Set(members.map(\.key))
    return JSONObject(members + others.filter { !keys.contains($0.key) }, of: self)
  }

  /// Whether a key is null.
  func isNull(_ key: String) -> Bool {
    members.contains { member in
      guard member.key.elementsEqual(key.utf8), case .null = member.value else { return false }
      return true
    }
  }

  /// The value at a key; nil if it is absent or null.
  subscript(_ key: String) -> JSONValue? {
    guard let value = members.first(where: { $0.key.elementsEqual(key.utf8) })?.value else {
      return nil
    }
    if case .null = value { return nil }
    return value
  }

  func optionalInteger(_ key: String, in range: ClosedRange<Int>) throws(MalformedFile) -> Int? {
    guard let value = self[key] else { return nil }
    guard let number = value.integer else { throw error(key, "is no whole number") }
    guard range.contains(number) else {
      throw error(key, "is outside \(range.lowerBound) … \(range.upperBound)")
    }
    return number
  }

  /// The whole number at a key.
  ///
  /// - Throws: `MalformedFile` if it is missing, no whole number, or outside the range.
  package func integer(
    _ key: String, in range: ClosedRange<Int>
  ) throws(MalformedFile) -> Int {
    guard let value = try optionalInteger(key, in: range) else { throw error(key, "is missing") }
    return value
  }

  /// Token ids: a number, a list of them, or none.
  func ids(_ key: String) throws(MalformedFile) -> [Int] {
    guard let value = self[key] else { return [] }
    let values = if case .array(let list) = value { list } else { [value] }
    let ids = values.compactMap(\.integer)
    guard ids.count == values.count, ids.allSatisfy({ (0...Int(Int32.max)).contains($0) }) else {
      throw error(key, "is neither a token's id nor a list of them")
    }
    return ids
  }

  /// The nearest positive float32: what a GGUF file would hold.
  func float(_ key: String) throws(MalformedFile) -> Float? {
    guard let value = self[key] else { return nil }
    guard let number = value.double.map({ Float($0) }), number.isFinite, number > 0 else {
      throw error(key, "is no positive number")
    }
    return number
  }

  func bool(_ key: String) throws(MalformedFile) -> Bool? {
    guard let value = self[key] else { return nil }
    guard case .bool(let flag) = value else { throw error(key, "is neither true nor false") }
    return flag
  }

  func bytes(_ key: String) throws(MalformedFile) -> [UInt8]? {
    guard let value = self[key] else { return nil }
    guard case .text(let bytes) = value else { throw error(key, "is no text") }
    return bytes
  }

  func text(_ key: String) throws(MalformedFile) -> String? {
    try bytes(key).map { String(decoding: $0, as: UTF8.self) }
  }

  func object(_ key: String) throws(MalformedFile) -> JSONObject? {
    guard let value = self[key] else { return nil }
    return try JSONObject(value, path, key)
  }

  func array(_ key: String) throws(MalformedFile) -> [JSONValue]? {
    guard let value = self[key] else { return nil }
    guard case .array(let elements) = value else { throw error(key, "is no list") }
    return elements
  }

  /// Rejects keys that nothing reads: they may mean what is not supported.
  func rejectKeys(besides known: [String]) throws(UnsupportedModel) {
    for member in members
    where !known.contains(where: { member.key.elementsEqual($0.utf8) }) {
      if case .null = member.value { continue }
      throw UnsupportedModel(
        path: path, what: "\(section) key \(JSONParser.quoted(member.key))", supported: known)
    }
  }

  func error(_ key: String, _ problem: String) -> MalformedFile {
    MalformedFile(path: path, section: section, problem: "\(key) \(problem)")
  }
}
