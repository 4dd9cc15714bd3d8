/// A calibration corpus: texts and JSON Lines (`.jsonl`, `.ndjson`, `.json`), plain or compressed
/// with zstd (`.zst`).
///
/// It is read piece by piece and never held whole.
package struct Corpus: Sendable {
  /// The files in order.
  let paths: [String]
  /// The key of the text in the objects of JSON Lines.
  let field: String

  /// Names the files; nothing is opened.
  package init(paths: [String], field: String) {
    self.paths = paths
    self.field = field
  }

  /// All documents in order, joined by two newlines, in pieces to be tokenised one by one. Where
  /// the text is cut depends on the text alone.
  ///
  /// - Parameter body: Called with each piece until it returns false.
  /// - Throws: `SystemError`, `PromptError` for a file that is empty or not UTF-8, `MalformedFile`
  ///   for a line that is not a JSON object with a text, and what `body` throws.
  func forEachPiece(_ body: ([UInt8]) throws -> Bool) throws {
    var cutter = TextCutter()
    var isFirst = true
    for path in paths {
      let continues = try CorpusFile(path: path, field: field).forEachPart { part in
        if part.beginsDocument {
          if !isFirst { cutter.append([10, 10]) }
          isFirst = false
        }
        cutter.append(part.text)
        while let piece = cutter.next(isAtEnd: false) {
          guard try body(piece) else { return false }
        }
        return true
      }
      guard continues else { return }
    }
    while let piece = cutter.next(isAtEnd: true) {
      guard try body(piece) else { return }
    }
  }
}
