/// Tokens that are found in a text before it is cut into words.
///
/// The token that starts first is taken, or the longest of those that start together. The time is
/// proportional to the text, however the tokens are spelled: an automaton reads the text from its
/// end and finds the token that starts at each position. Source: Aho and Corasick (1975).
struct AddedTokens: Sendable {
  /// A token to be found.
  struct Token: Sendable {
    let spelling: [UInt8]
    let id: UInt32
    /// Whether the spaces before it belong to it.
    var takesSpacesBefore = false
    /// Whether the spaces after it belong to it.
    var takesSpacesAfter = false
  }

  /// A part of a text.
  enum Section: Equatable {
    /// The text between tokens.
    case text(Range<Int>)
    /// A token, by id.
    case token(Int)
  }

  private let tokens: [Token]
  /// Finds the reversed spellings.
  private let automaton: PatternAutomaton

  /// Takes the tokens; one without a spelling is never found.
  init(_ tokens: [Token]) {
    self.tokens = tokens.filter { !$0.spelling.isEmpty }
    automaton = PatternAutomaton(self.tokens.lazy.map { $0.spelling.reversed() })
  }

  /// Whether there is nothing to find.
  var isEmpty: Bool { tokens.isEmpty }

  /// Cuts a text into tokens and the texts between them, which are not empty.
  func sections(of bytes: Span<UInt8>) -> [Section] {
    var sections: [Section] = []
    var (found, start) = (0, 0)
    for match in matches(in: bytes).reversed() where match.start >= found {
      found = match.start + match.token.spelling.count
      // Spaces that an earlier token took stay with it.
      let before =
        match.token.takesSpacesBefore
        ? Self.startOfSpaces(bytes, endingAt: match.start, from: start) : match.start
      if start < before { sections.append(.text(start..<before)) }
      sections.append(.token(Int(match.token.id)))
      start = match.token.takesSpacesAfter ? Self.endOfSpaces(bytes, max(start, found)) : found
    }
    if start < bytes.count { sections.append(.text(start..<bytes.count)) }
    return sections
  }

  /// The longest token that starts at each position, from the last position to the first.
  private func matches(in bytes: Span<UInt8>) -> [(start: Int, token: Token)] {
    guard !isEmpty else { return [] }
    var matches: [(start: Int, token: Token)] = []
    var state = 0
    for position in bytes.indices.reversed() {
      state = automaton.state(after: state, reading: bytes[position])
      if let index = automaton.longestPattern(endingAt: state) {
        matches.append((position, tokens[index]))
      }
    }
    return matches
  }

  private static func endOfSpaces(_ bytes: Span<UInt8>, _ start: Int) -> Int {
    ScalarText(bytes, start..<bytes.count).endOfRun(from: start) { $0 == .space }
  }

  /// Where the spaces that end at `end` start; not before `limit`.
  private static func startOfSpaces(
    _ bytes: Span<UInt8>, endingAt end: Int, from limit: Int
  ) -> Int {
    var start = end
    // A space has one to three bytes.
    while let width = (1...3).first(where: { width in
      start - width >= limit
        && ScalarText(bytes, start - width..<start).scalar(at: start - width).map {
          $0.class == .space && $0.next == start
        } == true
    }) { start -= width }
    return start
  }
}
