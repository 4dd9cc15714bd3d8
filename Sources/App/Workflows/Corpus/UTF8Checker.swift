/// Checks that bytes that come piece by piece are UTF-8, and never splits a character.
struct UTF8Checker {
  private let path: String
  private var pending: [UInt8] = []
  private var offset = 0

  /// Checks the text of the file at `path`, which errors name.
  init(path: String) { self.path = path }

  /// Takes the next bytes and returns all complete characters, possibly none.
  ///
  /// - Throws: `PromptError.notUTF8` with the offset of the first wrong byte.
  mutating func take(_ bytes: [UInt8]) throws(PromptError) -> [UInt8] {
    pending += bytes
    let valid = Self.validPrefix(pending)
    // A character has at most four bytes, so up to three bytes may be the beginning of one.
    guard pending.count - valid <= 3 else {
      let beginning = offset == 0 ? pending : [0]
      throw .notUTF8(path: path, offset: offset + valid, beginning: beginning)
    }
    defer {
      pending.removeFirst(valid)
      offset += valid
    }
    return Array(pending[..<valid])
  }

  /// Checks that no character was left incomplete.
  func finish() throws(PromptError) {
    guard pending.isEmpty else { throw .notUTF8(path: path, offset: offset) }
  }

  private static func validPrefix(_ bytes: [UInt8]) -> Int {
    do {
      return try UTF8Span(validating: bytes.span).count
    } catch {
      return error.byteOffsets.lowerBound
    }
  }
}
