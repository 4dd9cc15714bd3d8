import ByteIO

/// The keys that clients may show. Only their digests are kept.
struct APIKeys: Sendable {
  private let digests: [[UInt8]]

  private static let shortest = 16
  private static let longestFile = 1 << 20

  /// Reads a file with a key in each line. Blank lines do not count, nor do those that begin with
  /// `#`.
  ///
  /// - Throws: `APIKeysRefusal`, `SystemError`.
  init(path: String) throws {
    let file = try RandomAccessFile(path: path)
    guard file.size <= UInt64(Self.longestFile) else {
      throw APIKeysRefusal.tooLarge(path: path, limit: Self.longestFile)
    }
    let bytes = try file.read(at: 0, count: Int(file.size), section: "keys")
    try self.init(lines: bytes, path: path)
  }

  /// Takes the keys from a file's bytes.
  ///
  /// - Throws: `APIKeysRefusal`.
  init(lines bytes: [UInt8], path: String) throws(APIKeysRefusal) {
    var digests: [[UInt8]] = []
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let key = Self.trimmed(line)
      guard let first = key.first, first != UInt8(ascii: "#") else { continue }
      guard key.allSatisfy({ (0x21...0x7E).contains($0) }) else {
        throw .notPrintable(path: path, line: index + 1)
      }
      guard key.count >= Self.shortest else {
        throw .tooShort(path: path, line: index + 1, shortest: Self.shortest)
      }
      digests.append(SHA256.digest(of: Array(key)))
    }
    guard !digests.isEmpty else { throw .none(path: path) }
    self.digests = digests
  }

  /// The digest of a key that a client shows; nil if it is none of the keys. The time that this
  /// takes tells nothing of the keys: each digest is compared whole with each.
  func digest(of key: String) -> [UInt8]? {
    let digest = SHA256.digest(of: Array(key.utf8))
    var isKnown = false
    for known in digests {
      var difference: UInt8 = 0
      for (one, other) in zip(known, digest) { difference |= one ^ other }
      if difference == 0 { isKnown = true }
    }
    return isKnown ? digest : nil
  }

  private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let blanks: [UInt8] = [0x20, 0x09, 0x0D]
    let start = line.drop { blanks.contains($0) }
    return start.prefix(
      (start.lastIndex { !blanks.contains($0) } ?? start.startIndex - 1)
        - start.startIndex + 1)
  }
}

/// A file cannot be a file of keys. No message has a part of a key.
enum APIKeysRefusal: CategorisedError {
  case none(path: String)
  case tooShort(path: String, line: Int, shortest: Int)
  case notPrintable(path: String, line: Int)
  case tooLarge(path: String, limit: Int)

  /// Another file can be used.
  var category: FailureCategory { .usage }

  /// One sentence.
  var description: String {
    switch self {
    case .none(let path): "\(path) has no key; write one in each line"
    case .tooShort(let path, let line, let shortest):
      "\(path): the key in line \(line) is shorter than \(shortest) characters"
    case .notPrintable(let path, let line):
      "\(path): the key in line \(line) has a character that is not a printable one of ASCII"
    case .tooLarge(let path, let limit): "\(path) has more than \(limit) bytes"
    }
  }
}
