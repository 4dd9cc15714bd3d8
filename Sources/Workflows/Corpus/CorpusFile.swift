import ByteIO
import CacheCodec
import ModelFiles

/// One file of a corpus: a text that is one document, or JSON Lines with a document on each line.
struct CorpusFile {
  /// Some of a document's text.
  struct Part {
    let text: [UInt8]
    let beginsDocument: Bool
  }

  private let path: String
  private let field: String
  private let isCompressed: Bool
  private let hasLines: Bool

  private static let chunk = 1 << 20
  /// The longest line: a document is held whole when it stands on one.
  private static let lineLimit = 1 << 27

  /// Names a file, whose ending says what it is.
  init(path: String, field: String) {
    self.path = path
    self.field = field
    isCompressed = path.hasSuffix(".zst")
    hasLines = (isCompressed ? String(path.dropLast(4)) : path).hasSuffix(".jsonl")
  }

  /// Calls `body` with one part after the other until it returns false; then returns false, too.
  func forEachPart(_ body: (Part) throws -> Bool) throws -> Bool {
    var isEmpty = true
    let goesOn = try (hasLines ? forEachDocument : forEachStretch) { part in
      isEmpty = false
      return try body(part)
    }
    guard !isEmpty else { throw PromptError.empty(source: path) }
    return goesOn
  }

  private func forEachStretch(_ body: (Part) throws -> Bool) throws -> Bool {
    var checker = UTF8Checker(path: path)
    var isFirst = true
    let goesOn = try forEachChunk { bytes in
      let text = try checker.take(bytes)
      guard !text.isEmpty else { return true }
      defer { isFirst = false }
      return try body(Part(text: text, beginsDocument: isFirst))
    }
    if goesOn { try checker.finish() }
    return goesOn
  }

  private func forEachDocument(_ body: (Part) throws -> Bool) throws -> Bool {
    var (line, number) = ([UInt8](), 0)
    func endLine() throws -> Bool {
      number += 1
      defer { line.removeAll(keepingCapacity: true) }
      guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else { return true }
      let text = try JSONLine.text(line, field: field, path: path, number: number)
      return try text.isEmpty || body(Part(text: text, beginsDocument: true))
    }
    let goesOn = try forEachChunk { bytes in
      var rest = bytes[...]
      while let end = rest.firstIndex(of: 10) {
        line += rest[..<end]
        guard try endLine() else { return false }
        rest = rest[(end + 1)...]
      }
      line += rest
      guard line.count <= Self.lineLimit else {
        throw MalformedFile(
          path: path, section: "line \(number + 1)",
          problem: "longer than \(Self.lineLimit) bytes; put each document on a line of its own")
      }
      return true
    }
    return try goesOn && endLine()
  }

  /// The file's bytes, decompressed.
  private func forEachChunk(_ body: ([UInt8]) throws -> Bool) throws -> Bool {
    let file = try RandomAccessFile(path: path)
    var stream = ZstdStream(path: path)
    var offset: UInt64 = 0
    while offset < file.size {
      let count = Int(min(UInt64(Self.chunk), file.size - offset))
      let bytes = try file.read(at: offset, count: count, section: "text")
      guard try isCompressed ? stream.decompress(bytes, body) : body(bytes) else { return false }
      offset += UInt64(count)
    }
    if isCompressed { try stream.finish() }
    return true
  }
}
