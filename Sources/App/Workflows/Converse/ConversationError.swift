package import ByteIO

/// A conversation cannot be answered as it is.
package enum ConversationError: CategorisedError, Sendable {
  /// Its first or last turn is not the user's.
  case endsWithoutQuestion
  /// A system message follows another turn.
  case lateSystem
  /// A document was prefilled without a chat template.
  case plainDocument(name: String)
  /// A document was prefilled as a turn of a chat.
  case chatDocument(name: String)
  /// A context was named, and there is no store.
  case noStore(context: String)
  /// The prompt leaves no room for an answer.
  case tooLong(tokens: Int, context: Int)
  /// A method that needs a context's queries cannot rank turns.
  case needsQueries(method: String)

  /// Another request can be met.
  package var category: FailureCategory { .usage }

  /// One sentence.
  package var description: String {
    switch self {
    case .endsWithoutQuestion:
      "apart from system messages, the first and the last message must be the user's"
    case .lateSystem: "a system message must be the first message"
    case .plainDocument(let name):
      "\(name) was not prefilled as a chat (prefill --chat), so no conversation can continue it"
    case .chatDocument(let name):
      "\(name) was prefilled as a turn of a chat, and no plain text can continue it"
    case .noStore(let context): "there is no store, and so no context \(context)"
    case .tooLong(let tokens, let context):
      "the prompt's \(tokens) tokens leave no room for an answer in the model's context of "
        + "\(context) tokens"
    case .needsQueries(let method):
      "the method \(method) cannot rank turns: it needs the queries of a whole context, and a turn "
        + "has only its own"
    }
  }
}
