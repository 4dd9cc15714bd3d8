/// How SentencePiece's vocabularies write spaces: as U+2581, and where one is added.
///
/// The raw values are the names in `Vocabulary.preTokenizer` and in canonical bytes.
enum SpaceMarking: String, CaseIterable {
  /// None is added: Gemma.
  case plain
  /// One is added before every text and after every added token: Llama 2, Phi-3, and GGUF's
  /// `add_space_prefix`.
  case prepended
  /// One is added before a text unless it starts with one: `Metaspace` with "first".
  case first
  /// One is added before a text and after every added token, unless one is there: `Metaspace` with
  /// "always".
  case always
  /// As `plain`, and words are cut at the marks.
  case plainWords = "plain-words"
  /// As `first`, and words are cut at the marks.
  case firstWords = "first-words"
  /// As `always`, and words are cut at the marks.
  case alwaysWords = "always-words"

  /// U+2581 in UTF-8.
  static let mark: [UInt8] = [0xE2, 0x96, 0x81]

  /// Whether a word ends where the next mark starts.
  var cutsWords: Bool {
    switch self {
    case .plain, .prepended, .first, .always: false
    case .plainWords, .firstWords, .alwaysWords: true
    }
  }

  /// Whether marks are written before added tokens are sought a second time (a `normalizer`), not
  /// after that (a `pre_tokenizer`).
  var isNormalizer: Bool { self == .plain || self == .prepended }

  /// Whether a mark is added: at the beginning of a text, or after an added token.
  func adds(atStart: Bool) -> Bool {
    switch self {
    case .plain, .plainWords: false
    case .prepended, .always, .alwaysWords: true
    case .first, .firstWords: atStart
    }
  }

  /// A text with its spaces marked.
  ///
  /// - Parameter adds: Whether a mark is to be added before it.
  func marked(_ bytes: Span<UInt8>, _ range: Range<Int>, adds: Bool) -> [UInt8] {
    var marked: [UInt8] = []
    marked.reserveCapacity(range.count + range.count / 4 + 3)
    for index in range {
      if bytes[index] == UInt8(ascii: " ") {
        marked.append(contentsOf: Self.mark)
      } else {
        marked.append(bytes[index])
      }
    }
    let isNeeded = self == .prepended || !marked.starts(with: Self.mark)
    return adds && isNeeded ? Self.mark + marked : marked
  }

  /// Calls `body` with the words of a marked text.
  func forEachWord(in text: Span<UInt8>, _ body: (Range<Int>) -> Void) {
    var start = 0
    if cutsWords {
      for index in text.indices where index > start && Self.isMark(text, at: index) {
        body(start..<index)
        start = index
      }
    }
    if start < text.count { body(start..<text.count) }
  }

  /// The text that a spelling stands for.
  static func unmarked(_ spelling: [UInt8]) -> [UInt8] {
    guard spelling.contains(mark[0]) else { return spelling }
    var text: [UInt8] = []
    var index = 0
    while index < spelling.count {
      if isMark(spelling.span, at: index) {
        text.append(UInt8(ascii: " "))
        index += mark.count
      } else {
        text.append(spelling[index])
        index += 1
      }
    }
    return text
  }

  private static func isMark(_ text: Span<UInt8>, at index: Int) -> Bool {
    index + 3 <= text.count && text[index] == mark[0] && text[index + 1] == mark[1]
      && text[index + 2] == mark[2]
  }
}
