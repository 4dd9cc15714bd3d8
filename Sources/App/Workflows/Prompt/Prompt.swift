package import CacheFormat
import Tokenization

/// How a prompt becomes tokens.
package enum Prompt {
  /// What separates a prefilled document from the question that comes later, in one user's turn.
  package static let documentSeparator = "\n\n"

  /// The tokens of a complete prompt, with begin-of-text where the model or its template adds one.
  ///
  /// - Parameter usesChat: Wraps the text in the model's chat template.
  /// - Throws: `TokenizationError`, `PromptError` if the template is unknown or missing.
  package static func tokens(
    _ text: [UInt8], usesChat: Bool, model: LoadedModel
  ) throws -> [Int] {
    guard usesChat else { return try opening(text, usesChat: false, model: model) }
    let template = try model.chatTemplate()
    return opening(template.content(text), after: template, model, before: template.closing)
  }

  /// The tokens of a document that a later prompt completes.
  ///
  /// - Throws: As `tokens`.
  package static func opening(
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

  /// The tokens that continue a context, by its form.
  ///
  /// Plain text continues as it is. An open user's turn gets its rest and the opening of the
  /// answer. An open answer gets its end and a whole turn.
  ///
  /// - Throws: As `tokens`.
  package static func continuation(
    _ text: [UInt8], after context: [Int], form: ContextDescription.PromptForm, model: LoadedModel
  ) throws -> BoundaryRetokenization {
    switch form {
    case .plain, .privateUse:
      // No context of a private form is continued; see `Resume`.
      return BoundaryRetokenization(after: context, with: text, tokenizer: model.tokenizer)
    case .openUserTurn:
      let template = try templateToResume(model)
      let content = template.content(text, isBeginning: false)
      // The template would also drop the blanks at the document's end.
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

  /// The end of a conversation's open answer, and a user's turn.
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

  static func begin(_ isWanted: Bool, _ model: LoadedModel) -> [Int] {
    isWanted ? model.tokenizer.beginOfText.map { [$0] } ?? [] : []
  }

  /// Checks that a context of `tokens` leaves room for `room` new tokens.
  ///
  /// - Throws: `PromptError.empty`, `PromptError.tooLong`.
  package static func checkLength(
    _ tokens: Int, room: Int = 1, _ model: LoadedModel
  ) throws(PromptError) {
    guard tokens > 0 else { throw .empty(source: "the prompt") }
    guard tokens <= model.contextLength - room else {
      throw .tooLong(tokens: tokens, context: model.contextLength, room: room)
    }
  }
}
