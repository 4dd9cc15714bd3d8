package import ByteIO

extension Secret {
  /// The key in a file.
  ///
  /// - Throws: `KeyFileRefusal`, `SystemError`.
  package static func read(keyFile path: String) throws -> Secret {
    guard let secret = Secret(keyFile: try start(ofKeyFile: path)) else {
      throw KeyFileRefusal(path: path)
    }
    return secret
  }

  /// The bytes of a file, or as many as are too many for any key.
  ///
  /// - Throws: `SystemError`.
  package static func start(ofKeyFile path: String) throws -> [UInt8] {
    let file = try RandomAccessFile(path: path)
    let count = min(Int(clamping: file.size), keyFileByteCounts.upperBound + 1)
    return try file.read(at: 0, count: count, section: "key")
  }
}

/// A file cannot be a key file.
package struct KeyFileRefusal: CategorisedError, Sendable {
  /// The file.
  package let path: String

  /// Another file can be used.
  package var category: FailureCategory { .usage }

  /// One sentence.
  package var description: String {
    "\(path) is no key file: it needs \(Secret.keyFileByteCounts.lowerBound) to "
      + "\(Secret.keyFileByteCounts.upperBound) bytes"
  }
}
