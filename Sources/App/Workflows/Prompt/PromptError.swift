package import ByteIO

/// A prompt or text cannot be used.
package enum PromptError: CategorisedError, Sendable {
  /// There is no text.
  case empty(source: String)
  /// A part of a turn is blank, and the model's chat template drops blanks at a turn's ends.
  case blank(part: String)
  /// A text is not a file that can be read.
  case noFile(path: String)
  /// A file is not UTF-8 from the given offset on.
  case notUTF8(path: String, offset: Int)
  /// A file is something other than text.
  case notText(path: String, what: String)
  /// A file begins with the byte order mark of UTF-16.
  case utf16(path: String)
  /// A text has more than `limit` bytes; `bytes` is nil if its end was not seen.
  case tooLarge(path: String, bytes: UInt64?, limit: UInt64)
  /// A prompt and `room` new tokens do not fit the model's context.
  case tooLong(tokens: Int, context: Int, room: Int)
  /// A snapshot's tokens, a prompt and one new token do not fit the model's context.
  case contextFull(tokens: Int, prompt: Int, context: Int)
  /// A sequence is longer than the model's context.
  case sequenceTooLong(tokens: Int, context: Int)
  /// The model rotates sequences of this length in another way than shorter ones.
  case sequenceBeyondRoPE(tokens: Int, longest: Int)
  /// A text of a corpus has fewer tokens than a sequence needs.
  case kindTooShort(path: String, tokens: Int, needed: Int)
  /// A text has fewer tokens than are needed.
  case tooShort(tokens: Int, needed: Int)
  /// What is to be hidden in a text is longer than the text.
  case needleTooLong(tokens: Int, length: Int)
  /// The model has no chat template.
  case noChatTemplate(model: String)
  /// The model has no chat template, and a snapshot was made with one.
  case noChatTemplateToResume(model: String)

  /// The error for a file that is not UTF-8 from an offset on, which names the file's kind if it is
  /// known.
  ///
  /// - Parameter beginning: The file's first bytes.
  static func notUTF8(path: String, offset: Int, beginning: [UInt8]) -> PromptError {
    KnownFile.name(startingWith: beginning).map { .notText(path: path, what: $0) }
      ?? .notUTF8(path: path, offset: offset)
  }

  /// By what is wrong with the text.
  package var category: FailureCategory {
    switch self {
    case .notUTF8, .notText, .utf16: .malformed
    case .empty, .blank, .noFile, .noChatTemplate, .noChatTemplateToResume: .usage
    case .tooLarge, .tooLong, .contextFull, .sequenceTooLong, .sequenceBeyondRoPE, .tooShort,
      .kindTooShort, .needleTooLong:
      .other
    }
  }

  /// One sentence: what is wrong, and what to do if no option of a command helps.
  package var description: String {
    switch self {
    case .empty(let source): "\(source) is empty; give some text"
    case .blank(let part):
      "\(part) is blank, and the chat template trims the ends of a turn; "
        + "give some text"
    case .noFile(let path):
      "\(path) is not a regular file, or its name is not UTF-8; move or rename it"
    case .notUTF8(let path, let offset):
      "\(path): not UTF-8 text at byte \(offset); convert it to UTF-8 first"
    case .notText(let path, let what):
      "\(path) is \(what), not text in UTF-8; give its text as a file in UTF-8"
    case .utf16(let path): "\(path) is UTF-16 text, not UTF-8; convert it to UTF-8 first"
    case .tooLarge(let path, let bytes?, let limit):
      "\(path) has \(bytes) bytes; a text has at most \(limit); give a part of it"
    case .tooLarge(let path, nil, let limit):
      "\(path) has more than \(limit) bytes, the maximum of a text; give a part of it"
    case .tooLong(let tokens, let context, let room):
      "the prompt has \(tokens) tokens; at most \(max(0, context - room)) fit in the model's "
        + "context of \(context), before an answer of \(room == 1 ? "one token" : "\(room) tokens")"
    case .contextFull(let tokens, let prompt, let context):
      "the prompt has \(prompt) tokens; at most \(max(0, context - 1 - tokens)) fit after the "
        + "snapshot's \(tokens), before a token of an answer, in the model's context of \(context)"
    case .sequenceBeyondRoPE(let tokens, let longest):
      "budgets by head need sequences of at most \(longest) tokens, because RoPE of this model "
        + "changes beyond; these have \(tokens)"
    case .sequenceTooLong(let tokens, let context):
      "sequences of \(tokens) tokens do not fit the model's context of \(context)"
    case .kindTooShort(let path, let tokens, let needed):
      "\(path) has \(tokens) tokens, but a sequence needs \(needed)"
    case .tooShort(let tokens, let needed):
      "the text has \(tokens) tokens, but \(needed) are needed"
    case .needleTooLong(let tokens, let length):
      "the hidden text has \(tokens) tokens and does not fit a text of \(length)"
    case .noChatTemplate(let model): "\(model) has no chat template"
    case .noChatTemplateToResume(let model):
      "the snapshot uses a chat template, but \(model) has none; use a model file that includes it"
    }
  }
}
