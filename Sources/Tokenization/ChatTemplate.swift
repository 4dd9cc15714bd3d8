/// How a conversation is written as text for a model, in pieces that can be encoded one at a time.
///
/// The pieces hold special tokens: encode them with `parsingSpecials: true`. A conversation is
///
///     opening, content, closing, answer, turnEnd, nextOpening, content, closing, answer, ...
///
/// and a document can be prefilled as the beginning of a content whose end comes later.
public enum ChatTemplate: Equatable, Sendable {
  /// `<|im_start|>role`, a line break, the content, `<|im_end|>`. The default system message is
  /// what the template puts first if a conversation has no system message of its own.
  case chatML(defaultSystem: String?)

  /// Recognises the template that a model file holds, in Jinja.
  ///
  /// - Throws: `TokenizationError.unsupportedChatTemplate` for any but ChatML, with or without a
  ///   default system message: a template that is not understood whole is not guessed at.
  public init(recognizing template: String) throws(TokenizationError) {
    guard let recognized = Self.recognizeChatML(template) else {
      throw .unsupportedChatTemplate(text: template)
    }
    self = recognized
  }

  /// The text before the user's first content. Without a system message the template's default one
  /// stands there, if it has one.
  public func opening(system: String? = nil) -> String {
    guard case .chatML(let defaultSystem) = self else { return nextOpening }
    guard let message = system ?? defaultSystem else { return nextOpening }
    return "<|im_start|>system\n\(message)<|im_end|>\n" + nextOpening
  }

  /// The text after the user's content, up to and including the opening of the assistant's answer.
  public var closing: String { "<|im_end|>\n<|im_start|>assistant\n" }

  /// The text after the assistant's answer. Its first token is the one with which the model ends
  /// its answer: leave it out if that token is in the context already.
  public var turnEnd: String { "<|im_end|>\n" }

  /// The text before the user's next content, after `turnEnd`.
  public var nextOpening: String { "<|im_start|>user\n" }
}
