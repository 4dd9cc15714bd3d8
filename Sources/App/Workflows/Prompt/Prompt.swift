package import CacheFormat
import Tokenization

/// How a prompt becomes tokens.
public enum Prompt {
  /// What joins a document that was prefilled and the question that comes later, in one user's turn.
  public static let documentSeparator = "\n\n"

  /// Tokens of a prompt that stands alone, begin-of-text included where the model or its template adds one.
  ///
  /// - Parameter usesChat: Wraps the text in the model's chat template.
  /// - Throws: `TokenizationError`, `PromptError` if the template is unknown or missing.
  public static func tokens(
    _ text: [UInt8], usesChat: Bool, model: LoadedModel
  ) throws -> [Int] {
    guard usesChat else { return try opening(text, usesChat: false, model: model) }
    let template = try model.chatTemplate()
    return opening(template.content(text), after: template, model, before: template.closing)
  }

  /// Tokens of a document that a later prompt completes.
  ///
  /// - Throws: As `tokens`.
  public static func opening(
    _ text: [UInt8], usesChat: Bool, model: LoadedModel
  ) throws -> [Int] {
    if usesChat {
      let template = try model.chatTemplate()
      let content = template.content(text, isEnd: false)
      guard !content.isEmpty else { throw PromptError.blank(part: "the document") }
      return opening(content, after: template, model, before: "")
    }
    return begin(model.tokenizer.addsBeginOfText, model)
      + model.tokenizer.encode(text, parsingSpecials: true)
  }

  /// What goes on after a context of some form: text as it stands; in a user's turn that was left open, the
  /// rest of the turn and the opening of the answer; in an answer, its end and a whole turn.
  ///
  /// - Throws: As `tokens`.
  package static func continuation(
    _ text: [UInt8], after context: [Int], form: ContextDescription.PromptForm, model: LoadedModel
  ) throws -> BoundaryRetokenization {
    switch form {
    case .plain:
      return BoundaryRetokenization(after: context, with: text, tokenizer: model.tokenizer)
    case .openUserTurn:
      let template = try templateToResume(model)
      let content = template.content(text, isBeginning: false)
      // The document would lose the blanks at its end, too.
      guard !content.isEmpty else { throw PromptError.blank(part: "the prompt") }
      let whole = Array(documentSeparator.utf8) + content + Array(template.closing.utf8)
      return BoundaryRetokenization(after: context, with: whole, tokenizer: model.tokenizer)
    case .openAnswer:
      return try nextTurn(
        text, after: context, template: templateToResume(model), tokenizer: model.tokenizer)
    }
  }

  private static func templateToResume(_ model: LoadedModel) throws -> ChatTemplate {
    do {
      return try model.chatTemplate()
    } catch PromptError.noChatTemplate(let path) {
      throw PromptError.noChatTemplateToResume(model: path)
    }
  }

  /// The end of the answer that a conversation stands in, and a user's turn.
  static func nextTurn(
    _ text: [UInt8], after conversation: [Int], template: ChatTemplate, tokenizer: Tokenizer
  ) -> BoundaryRetokenization {
    let turn =
      Array((template.turnEnd + template.nextOpening).utf8) + template.content(text)
      + Array(template.closing.utf8)
    return BoundaryRetokenization(
      after: conversation, with: turn, tokenizer: tokenizer, ending: template.endingAnswer)
  }

  private static func opening(
    _ content: [UInt8], after template: ChatTemplate, _ model: LoadedModel, before end: String
  ) -> [Int] {
    begin(template.beginsText, model)
      + model.tokenizer.encode(
        Array(template.opening.utf8) + content + Array(end.utf8), parsingSpecials: true)
  }

  private static func begin(_ isWanted: Bool, _ model: LoadedModel) -> [Int] {
    isWanted ? model.tokenizer.beginOfText.map { [$0] } ?? [] : []
  }

  /// Checks that a context leaves room for so many new tokens.
  package static func checkLength(
    _ tokens: Int, room: Int = 1, _ model: LoadedModel
  ) throws(PromptError) {
    guard tokens > 0 else { throw .empty(source: "the prompt") }
    guard tokens <= model.contextLength - room else {
      throw .tooLong(tokens: tokens, context: model.contextLength, room: room)
    }
  }
}
