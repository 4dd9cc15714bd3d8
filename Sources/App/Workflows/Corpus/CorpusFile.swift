import ByteIO
import CacheCodec
import ModelFiles

/// One file of a corpus: a text that is one document, or JSON Lines with a document on each line.
struct CorpusFile {
  /// A piece of a document's text.
  struct Part {
    let text: [UInt8]
    let beginsDocument: Bool
  }

  private let path: String
  private let field: String
  private let isCompressed: Bool
  private let hasLines: Bool

  private static let chunk = 1 << 20
  /// The longest line. A document on a line of its own is held whole.
  private static let lineLimit = 1 << 27

  /// The endings of JSON Lines: those that the hub's data set loaders know, and older names.
  private static let lineEndings = [".jsonl", ".ndjson", ".json", ".jsonlines", ".ldjson", ".jl"]
  private static let compressedEndings = [".zst", ".zstd"]

  /// Names a file. Its ending, in letters of any case, says what it is.
  init(path: String, field: String) {
    self.path = path
    self.field = field
    let name = path.lowercased()
    let ending = Self.compressedEndings.first { name.hasSuffix($0) }
    isCompressed = ending != nil
    let inner = name.dropLast(ending?.count ?? 0)
    hasLines = Self.lineEndings.contains { inner.hasSuffix($0) }
  }

  /// Calls `body` with each part until it returns false.
  ///
  /// - Returns: False if `body` did.
  func forEachPart(_ body: (Part) throws -> Bool) throws -> Bool {
    var isEmpty = true
    let continues = try (hasLines ? forEachLine : forEachTextPart) { part in
      isEmpty = false
      return try body(part)
    }
    guard !isEmpty else { throw PromptError.empty(source: path) }
    return continues
  }

  private func forEachTextPart(_ body: (Part) throws -> Bool) throws -> Bool {
    var checker = UTF8Checker(path: path)
    var isFirst = true
    let continues = try forEachChunk { bytes in
      let text = try checker.take(bytes)
      guard !text.isEmpty else { return true }
      defer { isFirst = false }
      return try body(Part(text: text, beginsDocument: isFirst))
    }
    if continues { try checker.finish() }
    return continues
  }

  private func forEachLine(_ body: (Part) throws -> Bool) throws -> Bool {
    var (line, number, isFirst) = ([UInt8](), 0, true)
    func endLine() throws -> Bool {
      number += 1
      // Joined files may each begin with a mark.
      if line.starts(with: ByteOrderMark.utf8) { line.removeFirst(ByteOrderMark.utf8.count) }
      defer { line.removeAll(keepingCapacity: true) }
      guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else { return true }
      if isFirst { try rejectWholeValue(line, number: number) }
      isFirst = false
      let text = try JSONLine.text(line, field: field, path: path, number: number)
      return try text.isEmpty || body(Part(text: text, beginsDocument: true))
    }
    let continues = try forEachChunk { bytes in
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
    return try continues && endLine()
  }

  /// Rejects JSON that is one list, or one object over several lines.
  private func rejectWholeValue(_ line: [UInt8], number: Int) throws(MalformedFile) {
    let text = line.filter { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }
    guard text.first == UInt8(ascii: "[") || text == [UInt8(ascii: "{")] else { return }
    throw MalformedFile(
      path: path, section: "line \(number)",
      problem: "the file is one JSON value where JSON Lines are needed: one object on each line")
  }

  /// The file's text: its bytes, decompressed, without a byte order mark.
  private func forEachChunk(_ body: ([UInt8]) throws -> Bool) throws -> Bool {
    var mark = ByteOrderMark(path: path)
    let continues = try forEachPiece { bytes in
      let text = try mark.drop(from: bytes)
      return try text.isEmpty || body(text)
    }
    guard continues else { return false }
    let text = try mark.drop(from: [], isAtEnd: true)
    return try text.isEmpty || body(text)
  }

  /// The file's bytes, decompressed.
  private func forEachPiece(_ body: ([UInt8]) throws -> Bool) throws -> Bool {
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
