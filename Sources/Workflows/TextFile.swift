import ByteIO

/// Texts from files.
public enum TextFile {
  /// A text is held in memory whole; what is larger is refused before memory is asked for.
  private static let maximumBytes: UInt64 = 1 << 30

  /// The bytes of a UTF-8 text, without a byte order mark.
  ///
  /// - Throws: `SystemError` if the file cannot be read, `PromptError` if it is empty or no UTF-8.
  public static func read(_ path: String) throws -> [UInt8] {
    let file = try RandomAccessFile(path: path)
    guard file.size <= maximumBytes else {
      throw PromptError.tooLarge(path: path, bytes: file.size, limit: maximumBytes)
    }
    var mark = ByteOrderMark(path: path)
    let bytes = try mark.drop(
      from: file.read(at: 0, count: Int(file.size), section: "text"), isAtEnd: true)
    guard !bytes.isEmpty else { throw PromptError.empty(source: path) }
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw PromptError.notUTF8(path: path, offset: mark.length + validPrefix(bytes))
    }
    return bytes
  }

  /// The text of a file that is a text, or of JSON Lines, as calibration reads them (`Corpus`).
  ///
  /// - Throws: As `read`; `MalformedFile` for a line that is no JSON object with a text.
  public static func documents(_ path: String) throws -> [UInt8] {
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

  /// How many first bytes are UTF-8.
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
