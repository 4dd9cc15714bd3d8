import ByteIO

/// Texts from files.
public enum TextFile {
  /// A text is held in memory whole; what is larger is refused before memory is asked for.
  private static let maximumBytes: UInt64 = 1 << 30

  /// The bytes of a UTF-8 text.
  ///
  /// - Parameter path: A file or a pipe; `-` or `/dev/stdin` for standard input.
  /// - Throws: `SystemError` if it cannot be read, `PromptError` if it is empty, too large or no UTF-8.
  public static func read(_ path: String) throws -> [UInt8] {
    if path == "-" || path == "/dev/stdin" { return try read(ByteStream.standardInput()) }
    if let pipe = ByteStream(pipe: path) { return try read(pipe) }
    let file = try RandomAccessFile(path: path)
    guard file.size <= maximumBytes else {
      throw PromptError.tooLarge(path: path, bytes: file.size, limit: maximumBytes)
    }
    return try checked(file.read(at: 0, count: Int(file.size), section: "text"), of: path)
  }

  private static func read(_ stream: consuming ByteStream) throws -> [UInt8] {
    guard let bytes = try stream.readAll(limit: Int(maximumBytes)) else {
      throw PromptError.tooLarge(path: stream.name, bytes: nil, limit: maximumBytes)
    }
    return try checked(bytes, of: stream.name)
  }

  private static func checked(_ bytes: [UInt8], of source: String) throws(PromptError) -> [UInt8] {
    guard !bytes.isEmpty else { throw .empty(source: source) }
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw .notUTF8(path: source, offset: validPrefix(bytes), beginning: bytes)
    }
    return bytes
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
