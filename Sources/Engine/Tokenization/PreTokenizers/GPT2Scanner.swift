/// Cuts text into the words of GPT-2's pattern, without backtracking.
///
///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
///
/// Every scalar is in exactly one of the pattern's classes, so a word is a contraction, a run of
/// one class with at most one space before it, or spaces. Source: GPT-2 (2019).
struct GPT2Scanner: ~Escapable {
  private let text: ScalarText
  private var position: Int

  /// Cuts a text.
  @_lifetime(copy text)
  init(_ text: ScalarText) {
    self.text = text
    position = text.start
  }

  /// The range of the next word, or nil at the end.
  mutating func next() -> Range<Int>? {
    guard position < text.end else { return nil }
    let start = position
    position = endOfContraction(from: start) ?? endOfRun(from: start) ?? endOfSpaces(from: start)
    return start..<position
  }

  private func endOfContraction(from start: Int) -> Int? {
    guard text.byte(start) == UInt8(ascii: "'") else { return nil }
    switch text.byte(start + 1) {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
      return start + 2
    case UInt8(ascii: "r"), UInt8(ascii: "v"):
      return text.byte(start + 2) == UInt8(ascii: "e") ? start + 3 : nil
    case UInt8(ascii: "l"):
      return text.byte(start + 2) == UInt8(ascii: "l") ? start + 3 : nil
    default:
      return nil
    }
  }

  /// The end of a run of letters, numbers or others with at most one space (U+0020) before it.
  private func endOfRun(from start: Int) -> Int? {
    let first = text.byte(start) == UInt8(ascii: " ") ? start + 1 : start
    guard let kind = text.scalar(at: first)?.class, kind != .space else { return nil }
    return kind.isOther
      ? text.endOfRun(from: first, where: \.isOther) : text.endOfRun(from: first) { $0 == kind }
  }

  /// The end of a run of spaces; the last one belongs to what follows, unless it is the only one or
  /// nothing follows.
  private func endOfSpaces(from start: Int) -> Int {
    text.endOfSpacesBeforeWord(from: start)
  }
}
