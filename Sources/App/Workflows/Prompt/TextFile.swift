import ByteIO

/// Texts from files.
package enum TextFile {
  /// A text is held in memory whole. A larger one is rejected before anything is allocated.
  private static let maximumBytes: UInt64 = 1 << 30

  /// The bytes of a UTF-8 text, without a byte order mark.
  ///
  /// - Parameter path: A file or a pipe; `-` or `/dev/stdin` for standard input.
  /// - Throws: `SystemError` if it cannot be read, `PromptError` if it is empty, too large or not
  ///   UTF-8.
  package static func read(_ path: String) throws -> [UInt8] {
    if let text = try readStream(path) { return text }
    let file = try RandomAccessFile(path: path)
    guard file.size <= maximumBytes else {
      throw PromptError.tooLarge(path: path, bytes: file.size, limit: maximumBytes)
    }
    return try checked(file.read(at: 0, count: Int(file.size), section: "text"), of: path)
  }

  /// The text from standard input or a pipe; nil if `path` is neither.
  private static func readStream(_ path: String) throws -> [UInt8]? {
    if path == "-" || path == "/dev/stdin" { return try read(ByteStream.standardInput()) }
    guard let pipe = ByteStream(pipe: path) else { return nil }
    return try read(pipe)
  }

  private static func read(_ stream: consuming ByteStream) throws -> [UInt8] {
    guard let bytes = try stream.readAll(limit: Int(maximumBytes)) else {
      throw PromptError.tooLarge(path: stream.name, bytes: nil, limit: maximumBytes)
    }
    return try checked(bytes, of: stream.name)
  }

  private static func checked(_ given: [UInt8], of source: String) throws(PromptError) -> [UInt8] {
    var mark = ByteOrderMark(path: source)
    let bytes = try mark.drop(from: given, isAtEnd: true)
    guard !bytes.isEmpty else { throw .empty(source: source) }
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw .notUTF8(path: source, offset: mark.length + validPrefix(bytes), beginning: bytes)
    }
    return bytes
  }

  /// The text of a file of text or JSON Lines, as calibration reads them (`Corpus`). Standard input
  /// and pipes are text.
  ///
  /// - Throws: As `read`; `MalformedFile` for a line that is not a JSON object with a text.
  package static func documents(_ path: String) throws -> [UInt8] {
    if let text = try readStream(path) { return text }
    var text: [UInt8] = []
    try Corpus(paths: [path], field: "text").forEachPiece { piece in
      text += piece
      guard text.count <= maximumBytes else {
        throw PromptError.tooLarge(path: path, bytes: UInt64(text.count), limit: maximumBytes)
      }
      return true
    }
    return text
  }

  /// The number of first bytes that are UTF-8.
  private static func validPrefix(_ bytes: [UInt8]) -> Int {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var valid = 0
    while case .scalarValue(let scalar) = decoder.decode(&iterator) {
      valid += UTF8.width(scalar)
    }
    return valid
  }
}
