/// How a conversation is written as text for a model, in pieces.
///
/// The pieces hold special tokens: encode them with `parsingSpecials: true`. Encode a turn as a
/// whole, since a tokenizer may join the end of one piece and the beginning of the next. A
/// conversation is
///
///     opening, content, closing, answer, turnEnd, nextOpening, content, closing, answer, ...
///
/// with `answerOpening` before an answer that was not generated. A document can be prefilled as the
/// beginning of a content whose end comes later.
public struct ChatTemplate: Equatable, Sendable {
  let form: ChatForm

  /// Recognises the template that a model file holds, in Jinja.
  ///
  /// - Parameters:
  ///   - beginOfText: What the template calls `bos_token`, where it writes one.
  ///   - endOfText: What it calls `eos_token`.
  /// - Throws: `TokenizationError.unsupportedChatTemplate` for any template that is not known; none
  ///   is guessed at.
  public init(
    recognizing template: String, beginOfText: String = "", endOfText: String = ""
  ) throws(TokenizationError) {
    guard let form = ChatForm(recognizing: template) else {
      throw .unsupportedChatTemplate(text: template)
    }
    self.form = form.naming(begin: beginOfText, end: endOfText)
  }

  /// Whether the begin-of-text token comes before the opening. Templates decide that themselves,
  /// whatever the model expects before other texts.
  public var beginsText: Bool { form.beginsText }

  /// A mark of the template, such as `<|im_end|>`, that is no token of the model: it would be
  /// spelled out in pieces, which the model does not know.
  ///
  /// A vocabulary that has none of the marks belongs to a model that was trained on their
  /// spellings.
  public func misspelledMark(by tokenizer: Tokenizer) -> String? {
    if let name = form.boundaries.first(where: { !tokenizer.hasToken(named: $0) }) { return name }
    let missing = form.marks.filter { !tokenizer.hasToken(named: $0) }
    return missing.count < form.marks.count ? missing.first : nil
  }

  /// A content, or the beginning or end of one, as the template writes it. Some templates leave out
  /// the blanks around contents.
  public func content(
    _ text: [UInt8], isBeginning: Bool = true, isEnd: Bool = true
  ) -> [UInt8] {
    guard form.trimsContents else { return text }
    return text.span.trimmed(atStart: isBeginning, atEnd: isEnd)
  }

  /// The text before the user's first content, with the template's default system message if it has
  /// one.
  public var opening: String { form.opening }

  /// The text before the user's first content, with a system message; nil if the template has no
  /// place for one.
  public func opening(system: String) -> String? {
    form.system.map { $0.before + system + $0.after }
  }

  /// The default system message that `opening` holds; nil if there is none.
  public var defaultSystem: String? {
    guard let around = form.system, form.opening.hasPrefix(around.before),
      form.opening.dropFirst(around.before.count).hasSuffix(around.after)
    else { return nil }
    let message = form.opening.dropFirst(around.before.count).dropLast(around.after.count)
    return message.isEmpty ? nil : String(message)
  }

  /// The text before and after a given system message; nil if the template has no place for one.
  public var aroundSystem: (before: String, after: String)? {
    form.system.map { ($0.before, $0.after) }
  }

  /// The text after the user's content, up to and including the opening of the assistant's answer.
  public var closing: String { form.closing }

  /// The text before an answer that the model did not write: the space with which it begins its
  /// own, or nothing.
  public var answerOpening: String { form.answerOpening }

  /// The text after the assistant's answer. Its first token is the one with which the model ends an
  /// answer. Leave it out if that token is in the context already.
  public var turnEnd: String { form.turnEnd }

  /// A conversation that ends within an answer, as the template writes it once another turn
  /// follows. Some templates leave out the blanks at the answer's end.
  public func endingAnswer(_ conversation: [UInt8]) -> [UInt8] {
    guard form.trimsContents else { return conversation }
    // The closing may end with blanks, which stay even if the answer has blanks only.
    let closing = Array(form.closing.utf8)
    let last = (0...max(0, conversation.count - closing.count)).last {
      conversation[$0...].starts(with: closing)
    }
    let start = last.map { $0 + closing.count } ?? 0
    let answer = Array(conversation[start...])
    return conversation[..<start] + answer.span.trimmed(atStart: false, atEnd: true)
  }

  /// The text before the user's next content, after `turnEnd`.
  public var nextOpening: String { form.nextOpening }
}
