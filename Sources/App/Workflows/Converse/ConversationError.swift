package import ByteIO

/// A conversation cannot be answered as it is.
package enum ConversationError: CategorisedError, Sendable {
  /// Its last turn is not the user's.
  case endsWithoutQuestion
  /// A system message follows another turn.
  case lateSystem
  /// A document was prefilled without a chat template.
  case plainDocument(name: String)
  /// A document was prefilled as a turn of a chat.
  case chatDocument(name: String)
  /// The prompt leaves no room for an answer.
  case tooLong(tokens: Int, context: Int)
  /// What ranks new contexts needs their queries.
  case needsQueries(method: String)

  /// Another request can be met.
  package var category: FailureCategory { .usage }

  /// One sentence.
  package var description: String {
    switch self {
    case .endsWithoutQuestion: "a conversation begins and ends with a message of the user"
    case .lateSystem: "a system message must be the first message"
    case .plainDocument(let name):
      "\(name) was prefilled as plain text; prefill it with --chat to ask about it"
    case .chatDocument(let name):
      "\(name) was prefilled as a turn of a chat, and no plain text can continue it"
    case .tooLong(let tokens, let context):
      "the prompt has \(tokens) tokens, and the model's context of \(context) needs room for an "
        + "answer"
    case .needsQueries(let method):
      "the method \(method) needs the queries of a whole context, which turns of a conversation do "
        + "not have"
    }
  }
}
