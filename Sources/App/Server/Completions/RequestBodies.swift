import Workflows

/// The body of `POST /v1/chat/completions`.
struct ChatBody: Decodable {
  let request: CompletionRequest

  private static let mostMessages = 10_000

  init(from decoder: any Decoder) throws {
    let fields = try RequestFields(decoder)
    let messages = try fields.needed("messages", [Message].self, "a list of messages")
    guard (1...Self.mostMessages).contains(messages.count) else {
      throw ServeError.invalid("messages", "messages must have 1 to \(Self.mostMessages) messages")
    }
    request = try CompletionRequest(fields, .chat(messages.map(\.turn)))
  }
}

/// The body of `POST /v1/completions`.
struct TextBody: Decodable {
  let request: CompletionRequest

  init(from decoder: any Decoder) throws {
    let fields = try RequestFields(decoder)
    let prompt = try fields.needed("prompt", String.self, "a text")
    request = try CompletionRequest(fields, .text(prompt))
  }
}

/// The body of `POST /api/documents`.
struct DocumentBody: Decodable {
  let modelName, name, text: String

  init(from decoder: any Decoder) throws {
    let fields = try RequestFields(decoder)
    modelName = try fields.needed("model", String.self, "the name of a model")
    name = try fields.needed("name", String.self, "a name")
    text = try fields.needed("text", String.self, "a text")
  }
}

/// One message of a conversation.
private struct Message: Decodable {
  let turn: Transcript.Turn

  init(from decoder: any Decoder) throws {
    let fields = try RequestFields(decoder, prefix: "messages.")
    try fields.reject(["tool_calls", "function_call", "audio"])
    let role: Transcript.Turn.Role
    switch try fields.needed("role", String.self, "a text") {
    case "system", "developer": role = .system
    case "user": role = .user
    case "assistant": role = .assistant
    default:
      throw ServeError.invalid(
        "messages.role", "messages.role must be system, developer, user or assistant",
        code: "unsupported_value")
    }
    let what = "a text or a list of texts"
    let content = try fields.value("content", Content.self, what)
    guard let content = content ?? (role == .assistant ? Content(text: "") : nil) else {
      throw ServeError.invalid("messages.content", "messages.content must be \(what)")
    }
    turn = Transcript.Turn(role: role, text: content.text)
  }
}

/// The text of a message, whole or in parts.
private struct Content: Decodable {
  let text: String

  private struct Part: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
      let fields = try RequestFields(decoder, prefix: "messages.content.")
      let type = try fields.needed("type", String.self, "a text")
      guard type == "text" else {
        throw ServeError.unsupported("messages.content.type", "must be text")
      }
      text = try fields.needed("text", String.self, "a text")
    }
  }

  init(text: String) { self.text = text }

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let text = try? value.decode(String.self) {
      self.text = text
    } else {
      text = try value.decode([Part].self).map(\.text).joined()
    }
  }
}
