/// An answer in OpenAI's form, whole or a piece of a streamed one.
struct CompletionObject: Encodable {
  /// Which form it has.
  enum Kind: String {
    case chat = "chat.completion"
    case chatChunk = "chat.completion.chunk"
    case text = "text_completion"
  }

  /// What all pieces of one answer have in common.
  struct Head: Sendable {
    let id: String
    /// Seconds since 1970.
    let created: Int
    let model: String
  }

  /// The number of tokens.
  struct Usage: Encodable {
    let summary: AnswerSummary

    func encode(to encoder: any Encoder) throws {
      var values = encoder.container(keyedBy: Key.self)
      try values.encode(summary.promptTokens, forKey: "prompt_tokens")
      try values.encode(summary.newTokens, forKey: "completion_tokens")
      try values.encode(summary.promptTokens + summary.newTokens, forKey: "total_tokens")
      try values.encode(["cached_tokens": summary.cachedTokens], forKey: "prompt_tokens_details")
    }
  }

  /// What only this server says.
  struct Extra: Encodable {
    let summary: AnswerSummary

    func encode(to encoder: any Encoder) throws {
      var values = encoder.container(keyedBy: Key.self)
      try values.encode(summary.saved, forKey: "saved")
      try values.encode(summary.problem, forKey: "problem")
      try values.encode(summary.firstTokenSeconds, forKey: "first_token_seconds")
    }
  }

  let kind: Kind
  let head: Head
  /// Nil for a piece without a choice, which tells the number of tokens.
  let text: String?
  /// Whether it is the first piece of a streamed answer.
  var isFirst = false
  /// What is known at the end.
  var summary: AnswerSummary?
  /// Whether the number of tokens is told.
  var hasUsage = false

  func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(head.id, forKey: "id")
    try values.encode(kind.rawValue, forKey: "object")
    try values.encode(head.created, forKey: "created")
    try values.encode(head.model, forKey: "model")
    var choices = values.nestedUnkeyedContainer(forKey: "choices")
    if let text {
      var choice = choices.nestedContainer(keyedBy: Key.self)
      try encode(text, in: &choice)
    }
    if hasUsage { try values.encode(summary.map(Usage.init), forKey: "usage") }
    if let summary, text != nil { try values.encode(Extra(summary: summary), forKey: "qfilters") }
  }

  private func encode(_ text: String, in choice: inout KeyedEncodingContainer<Key>) throws {
    try choice.encode(0, forKey: "index")
    let role = ["role": "assistant"]
    switch kind {
    case .chat:
      try choice.encode(role.merging(["content": text]) { $1 }, forKey: "message")
    case .chatChunk:
      let content = text.isEmpty && !isFirst ? [:] : ["content": text]
      try choice.encode(isFirst ? role.merging(content) { $1 } : content, forKey: "delta")
    case .text: try choice.encode(text, forKey: "text")
    }
    try choice.encodeNil(forKey: "logprobs")
    let reason = summary.map { $0.isWhole ? "stop" : "length" }
    try choice.encode(reason, forKey: "finish_reason")
  }
}

/// A field's name in a JSON object.
struct Key: CodingKey, ExpressibleByStringLiteral {
  let stringValue: String
  var intValue: Int? { nil }

  init(stringLiteral name: String) { stringValue = name }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
