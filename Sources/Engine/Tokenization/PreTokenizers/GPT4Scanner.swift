/// Cuts text into the words of GPT-4's pattern, without backtracking.
///
///     (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}
///     | ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
///
/// Source: cl100k_base (2023); Llama 3 has the same, Qwen2 takes numbers one by one.
struct GPT4Scanner: ~Escapable {
  private let text: ScalarText
  private let numbers: Int
  private var position: Int

  /// Cuts a text whose numbers are taken at most `numbers` together.
  @_lifetime(copy text)
  init(_ text: ScalarText, numbers: Int) {
    self.text = text
    self.numbers = numbers
    position = text.start
  }

  /// The range of the next word, or nil at the end.
  mutating func next() -> Range<Int>? {
    guard let first = text.scalar(at: position) else { return nil }
    let start = position
    position =
      endOfContraction(from: start) ?? endOfWord(first, from: start)
      ?? endOfOthers(first, from: start) ?? text.endOfLineBreaks(from: start)
      ?? text.endOfSpacesBeforeWord(from: start)
    return start..<position
  }

  /// In upper or lower case; a long s (U+017F) counts as an S.
  private func endOfContraction(from start: Int) -> Int? {
    guard text.byte(start) == UInt8(ascii: "'"), let first = text.scalar(at: start + 1) else {
      return nil
    }
    switch first.value.map({ $0 < 0x80 ? $0 | 0x20 : $0 }) {
    case 0x73, 0x74, 0x6D, 0x64, 0x17F: return first.next
    case 0x72, 0x76: return text.byte(start + 2).map { $0 | 0x20 } == 0x65 ? start + 3 : nil
    case 0x6C: return text.byte(start + 2).map { $0 | 0x20 } == 0x6C ? start + 3 : nil
    default: return nil
    }
  }

  /// Letters with at most one other scalar before them, or numbers.
  private func endOfWord(_ first: ScalarText.Item, from start: Int) -> Int? {
    switch first.class {
    case .letter: return text.endOfRun(from: first.next) { $0 == .letter }
    case .number: return text.endOfRun(from: start, limit: numbers) { $0 == .number }
    default:
      guard !first.isLineBreak, text.scalar(at: first.next)?.class == .letter else { return nil }
      return text.endOfRun(from: first.next) { $0 == .letter }
    }
  }

  /// Others with at most one space (U+0020) before them and the line breaks after them.
  private func endOfOthers(_ first: ScalarText.Item, from start: Int) -> Int? {
    let others = first.value == 0x20 ? first.next : start
    guard let item = text.scalar(at: others), item.class.isOther else { return nil }
    let end = text.endOfRun(from: others, where: \.isOther)
    return text.endOfItems(from: end, where: \.isLineBreak)
  }
}
