/// The byte order mark with which some programs begin a text file. It is not part of the text.
struct ByteOrderMark {
  /// The mark in UTF-8.
  static let utf8: [UInt8] = [0xEF, 0xBB, 0xBF]

  private let path: String
  /// The first bytes, as long as they may be part of a mark; nil after that.
  private var pending: [UInt8]? = []
  /// The mark's length in bytes.
  private(set) var length = 0

  /// Looks at the beginning of the file at `path`, which errors name.
  init(path: String) { self.path = path }

  /// Takes the next bytes of the file and returns the text among all bytes so far.
  ///
  /// - Parameter isAtEnd: Whether these are the last bytes.
  /// - Throws: `PromptError.utf16` if the mark is another encoding's.
  mutating func drop(from bytes: [UInt8], isAtEnd: Bool = false) throws(PromptError) -> [UInt8] {
    guard var start = pending else { return bytes }
    start += bytes
    guard start.count >= Self.utf8.count || isAtEnd else {
      pending = start
      return []
    }
    pending = nil
    if start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0xFE, 0xFF]) {
      throw .utf16(path: path)
    }
    guard start.starts(with: Self.utf8) else { return start }
    length = Self.utf8.count
    return Array(start.dropFirst(length))
  }
}
