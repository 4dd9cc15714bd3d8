/// One step of a chain of patterns. It cuts out what its pattern matches, and leaves what lies
/// between.
enum SplitStep {
  /// `[\r\n]`
  case lineBreak
  /// `\p{N}`
  case number
  /// `\p{N}{1,3}`
  case numbers
  /// `\s?[...]+`
  case run(of: ScalarSet)
  /// `[...]+`
  case script(ScalarSet)
  /// `\s+$`
  case trailingSpaces
  /// DeepSeek V3's words; see `endOfWord`.
  case word

  /// A class of scalars that a pattern spells out.
  enum ScalarSet {
    case letters, punctuation, casedLetters, asciiAndWidePunctuation, eastAsian, hanAndKana

    func contains(_ item: ScalarText.Item) -> Bool {
      guard let value = item.value else { return false }
      switch self {
      case .letters: return item.class == .letter
      case .punctuation: return item.class == .punctuation
      case .casedLetters: return Self.isCasedLetter(value)
      case .asciiAndWidePunctuation:
        return switch value {
        case 0x21...0x2F, 0x3A...0x7E, 0xFF01...0xFF0F, 0xFF1A...0xFF5E, 0x2018...0x201F,
          0x3000...0x3002:
          true
        default: false
        }
      case .eastAsian:
        return (0x800...0x9FA5).contains(value) || (0xAC00...0xD7FF).contains(value)
      case .hanAndKana:
        return (0x4E00...0x9FA5).contains(value) || (0x3040...0x30FF).contains(value)
      }
    }

    private static func isCasedLetter(_ value: UInt32) -> Bool {
      var (low, high) = (0, casedLetterRanges.count)
      while low < high {
        let middle = (low + high) / 2
        if casedLetterRanges[middle].upperBound < value { low = middle + 1 } else { high = middle }
      }
      return low < casedLetterRanges.count && casedLetterRanges[low].contains(value)
    }
  }

  /// Cuts a text by all steps; each cuts the parts that the steps before it made.
  static func cut(
    _ text: ScalarText, _ steps: some RandomAccessCollection<SplitStep>,
    _ body: (Range<Int>) -> Void
  ) {
    guard let step = steps.first else {
      if text.start < text.end { body(text.start..<text.end) }
      return
    }
    step.cut(text) { part, _ in cut(text.part(part), steps.dropFirst(), body) }
  }

  /// Calls `body` with the parts, in order, and whether the pattern matches them.
  func cut(_ text: ScalarText, _ body: (Range<Int>, Bool) -> Void) {
    if case .trailingSpaces = self { return Self.cutTrailingSpaces(text, body) }
    var (start, position) = (text.start, text.start)
    while let item = text.scalar(at: position) {
      if let end = endOfMatch(text, item, at: position) {
        if start < position { body(start..<position, false) }
        body(position..<end, true)
        (start, position) = (end, end)
      } else {
        position = item.next
      }
    }
    if start < position { body(start..<position, false) }
  }

  private func endOfMatch(_ text: ScalarText, _ item: ScalarText.Item, at position: Int) -> Int? {
    switch self {
    case .lineBreak: return item.isLineBreak ? item.next : nil
    case .number: return item.class == .number ? item.next : nil
    case .numbers:
      guard item.class == .number else { return nil }
      return text.endOfRun(from: position, limit: 3) { $0 == .number }
    case .run(let set):
      let isPrefix = item.class == .space && text.scalar(at: item.next).map(set.contains) == true
      guard isPrefix || set.contains(item) else { return nil }
      return text.endOfItems(from: item.next, where: set.contains)
    case .script(let set):
      return set.contains(item) ? text.endOfItems(from: item.next, where: set.contains) : nil
    case .word: return Self.endOfWord(text, item, at: position)
    case .trailingSpaces: return nil
    }
  }

  /// Only a run of spaces at the end of the text matches.
  private static func cutTrailingSpaces(_ text: ScalarText, _ body: (Range<Int>, Bool) -> Void) {
    var (spaces, position) = (text.end, text.start)
    while let item = text.scalar(at: position) {
      if item.class != .space { spaces = text.end } else { spaces = min(spaces, position) }
      position = item.next
    }
    if text.start < spaces { body(text.start..<spaces, false) }
    if spaces < text.end { body(spaces..<text.end, true) }
  }
}

extension SplitStep {
  ///     [!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+
  ///     | ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
  private static func endOfWord(
    _ text: ScalarText, _ first: ScalarText.Item, at position: Int
  ) -> Int? {
    let second = text.scalar(at: first.next)
    if isASCIIPunctuation(first), second?.isASCIILetter == true {
      return text.endOfItems(from: first.next, where: \.isASCIILetter)
    }
    let mayPrecede = !isSign(first.class) && first.class != .letter && !first.isLineBreak
    if isLetterOrMark(first.class) || mayPrecede && second.map({ isLetterOrMark($0.class) }) == true
    {
      return text.endOfRun(from: first.next, where: isLetterOrMark)
    }
    let signs = first.value == 0x20 ? first.next : position
    if let sign = text.scalar(at: signs), isSign(sign.class) {
      let end = text.endOfRun(from: signs, where: isSign)
      return text.endOfItems(from: end, where: \.isLineBreak)
    }
    guard first.class == .space else { return nil }
    return text.endOfLineBreaks(from: position) ?? text.endOfSpacesBeforeWord(from: position)
  }

  private static func isASCIIPunctuation(_ item: ScalarText.Item) -> Bool {
    isSign(item.class) && (item.value ?? .max) < 0x80
  }

  private static func isSign(_ kind: ScalarClass) -> Bool {
    kind == .punctuation || kind == .symbol
  }

  private static func isLetterOrMark(_ kind: ScalarClass) -> Bool {
    kind == .letter || kind == .mark
  }
}
