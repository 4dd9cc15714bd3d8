import ByteIO

/// A new file that is written from its beginning to its end, and appears when it is complete.
struct SequentialFile: ~Copyable {
  private let file: AtomicFile
  private var size: UInt64 = 0

  init(path: String) throws { file = try AtomicFile(path: path) }

  mutating func write(_ bytes: [UInt8]) throws {
    try file.write(bytes, at: size)
    size += UInt64(bytes.count)
  }

  /// Makes the file appear, and returns its size in bytes.
  consuming func commit() throws -> UInt64 {
    try file.commit()
    return size
  }
}
