import CacheFormat
import Tokenization

/// Text in which bytes of added tokens differ from the same bytes elsewhere.
struct MarkedText {
  /// A byte, plus 256 if it belongs to an added token.
  typealias Symbol = UInt16

  private(set) var symbols: [Symbol] = []
  /// Where each token begins; the last element is the end.
  private(set) var starts = [0]

  init(_ ids: [Int], _ tokenizer: Tokenizer, continuing: Bool) {
    for (id, text) in zip(ids, tokenizer.texts(of: ids, continuing: continuing)) {
      let mark: Symbol = tokenizer.isAdded(id) ? 256 : 0
      symbols += text.map { Symbol($0) + mark }
      starts.append(symbols.count)
    }
  }
}

/// What a template writes around contents, in the form that its tokens have in a context.
struct TurnMarks {
  typealias Mark = [MarkedText.Symbol]

  let opening: Mark
  /// The template's own system message, if it has one.
  let defaultSystem: String?
  let systemBefore, systemAfter: Mark
  let closing: Mark
  /// The end of an answer and the opening of the next turn.
  let next: Mark
  let beginsText: Bool

  init(_ template: ChatTemplate, _ tokenizer: Tokenizer) {
    func mark(_ text: String, continuing: Bool = true) -> Mark {
      let ids = tokenizer.encode(text, parsingSpecials: true, continuing: continuing)
      return MarkedText(ids, tokenizer, continuing: continuing).symbols
    }
    opening = mark(template.opening, continuing: false)
    defaultSystem = template.defaultSystem
    let around = template.aroundSystem
    systemBefore = mark(around?.before ?? "", continuing: false)
    systemAfter = mark(around?.after ?? "")
    closing = mark(template.closing)
    next = mark(template.turnEnd + template.nextOpening)
    beginsText = template.beginsText
  }
}

/// Splits a conversation.
struct TurnParser {
  private(set) var turns: [Transcript.Turn] = []
  private let text: [MarkedText.Symbol]
  private let marks: TurnMarks
  private var (role, start) = (Transcript.Turn.Role.user, 0)

  /// Nil if the text does not begin as the template's conversations do.
  init?(
    _ ids: [Int], root: ContextDescription.PromptForm, seams: [Int], _ tokenizer: Tokenizer,
    _ marks: TurnMarks
  ) {
    let hasBegin = marks.beginsText && ids.first == tokenizer.beginOfText
    let dropped = hasBegin ? 1 : 0
    let marked = MarkedText(Array(ids.dropFirst(dropped)), tokenizer, continuing: false)
    (text, self.marks) = (marked.symbols, marks)
    guard open() else { return nil }
    let ends = seams.map { marked.starts[min(max(0, $0 - dropped), marked.starts.count - 1)] }
    // A root that is an open turn is all the user's. Another root may hold many turns.
    var continues = root != .openUserTurn
    while continues { continues = passMark(from: start, before: ends.first) }
    for (index, from) in ends.enumerated() {
      let end = index + 1 < ends.count ? ends[index + 1] : nil
      // A child holds the end of what was open, and one answer at the end.
      if role == .assistant { _ = passMark(from: max(from, start), before: end) }
      _ = passMark(from: max(from, start), before: end)
    }
    close(at: text.count)
  }

  /// Moves to the beginning of the first content. False if there is none.
  private mutating func open() -> Bool {
    if text.starts(with: marks.opening) {
      if let system = marks.defaultSystem {
        turns.append(Transcript.Turn(role: .system, text: system))
      }
      start = marks.opening.count
      return !marks.opening.isEmpty
    }
    guard !marks.systemBefore.isEmpty, text.starts(with: marks.systemBefore),
      let index = find(marks.systemAfter, from: marks.systemBefore.count, before: nil)
    else { return false }
    (role, start) = (.system, marks.systemBefore.count)
    close(at: index)
    (role, start) = (.user, index + marks.systemAfter.count)
    return true
  }

  /// Ends the open turn at the first mark that ends one of its role, and begins the next.
  private mutating func passMark(from: Int, before end: Int?) -> Bool {
    let mark = role == .user ? marks.closing : marks.next
    guard let index = find(mark, from: from, before: end) else { return false }
    close(at: index)
    (role, start) = (role == .user ? .assistant : .user, index + mark.count)
    return true
  }

  private mutating func close(at end: Int) {
    turns.append(Transcript.Turn(role, text[min(start, end)..<end]))
  }

  private func find(_ mark: TurnMarks.Mark, from: Int, before end: Int?) -> Int? {
    let last = (end ?? text.count) - mark.count
    guard let first = mark.first, from <= last else { return nil }
    return (from...last).first { index in
      text[index] == first && text[index..<index + mark.count].elementsEqual(mark)
    }
  }
}
