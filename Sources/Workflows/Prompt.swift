import Tokenization

/// How a prompt becomes tokens.
public enum Prompt {
  /// What joins a document that was prefilled and the question that comes later, in one user's turn.
  public static let documentSeparator = "\n\n"

  /// Tokens of a prompt that stands alone, begin-of-text included where the model adds one.
  ///
  /// - Parameter usesChat: Wraps the text in the model's chat template.
  /// - Throws: `TokenizationError`, `PromptError` if the template is unknown or missing.
  public static func tokens(
    _ text: [UInt8], usesChat: Bool, model: LoadedModel
  ) throws -> [Int] {
    try opening(text, usesChat: usesChat, model: model) + closing(usesChat: usesChat, model: model)
  }

  /// Tokens of a document that a later prompt completes.
  ///
  /// - Throws: As `tokens`.
  public static func opening(
    _ text: [UInt8], usesChat: Bool, model: LoadedModel
  ) throws -> [Int] {
    let begin = model.tokenizer.addsBeginOfText ? model.tokenizer.beginOfText : nil
    let before = usesChat ? Array(try model.chatTemplate().opening().utf8) : []
    return (begin.map { [$0] } ?? [])
      + model.tokenizer.encode(before + text, parsingSpecials: true)
  }

  /// What goes on after a context: text as it stands, or, in a user's turn that was left open, the
  /// rest of the turn and the opening of the answer.
  ///
  /// - Throws: As `tokens`.
  static func continuation(
    _ text: [UInt8], after context: [Int], completesTurn: Bool, model: LoadedModel
  ) throws -> Continuation {
    let whole =
      completesTurn
      ? Array(documentSeparator.utf8) + text + Array(try model.chatTemplate().closing.utf8) : text
    return Continuation(after: context, with: whole, tokenizer: model.tokenizer)
  }

  private static func closing(usesChat: Bool, model: LoadedModel) throws -> [Int] {
    guard usesChat else { return [] }
    return model.tokenizer.encode(try model.chatTemplate().closing, parsingSpecials: true)
  }

  /// Checks that a context leaves room for at least one new token.
  static func checkLength(_ tokens: Int, _ model: LoadedModel) throws(PromptError) {
    guard tokens > 0 else { throw .empty(source: "the prompt") }
    guard tokens < model.contextLength else {
      throw .tooLong(tokens: tokens, context: model.contextLength)
    }
  }
}
