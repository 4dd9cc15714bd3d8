/// How text is cut into words before byte-pair encoding, by the names that GGUF files use.
enum PreTokenizer: String, CaseIterable {
  /// GPT-2's pattern.
  case gpt2 = "gpt-2"
  /// Every number scalar alone, then GPT-2's pattern on what lies between.
  case smollm

  /// Whether `\p{N}` is cut out, scalar by scalar, before GPT-2's pattern is applied.
  var isolatesNumbers: Bool { self == .smollm }

  /// Calls `body` with the range of each word, in order; the words cover the whole range.
  func forEachWord(
    in bytes: Span<UInt8>, range: Range<Int>, _ body: (Range<Int>) -> Void
  ) {
    guard isolatesNumbers else {
      Self.forEachWord(bytes, range, body)
      return
    }
    var start = range.lowerBound
    var position = start
    while position < range.upperBound {
      let step = UTF8Step(bytes, at: position)
      let next = min(position + step.length, range.upperBound)
      if ScalarClass(step.scalar) == .number {
        // The pattern must see the number as the end of the text: "  7" is "  " and "7".
        Self.forEachWord(bytes, start..<position, body)
        body(position..<next)
        start = next
      }
      position = next
    }
    Self.forEachWord(bytes, start..<range.upperBound, body)
  }

  private static func forEachWord(
    _ bytes: Span<UInt8>, _ range: Range<Int>, _ body: (Range<Int>) -> Void
  ) {
    var scanner = GPT2Scanner(bytes, range: range)
    while let word = scanner.next() { body(word) }
  }
}
