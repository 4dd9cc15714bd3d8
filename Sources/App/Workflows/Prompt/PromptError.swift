import ByteIO

/// A prompt or text cannot be used.
public enum PromptError: Error, CustomStringConvertible, Sendable {
  /// There is no text.
  case empty(source: String)
  /// A part of a turn is blank, and the model's chat template leaves out blanks at a turn's ends.
  case blank(part: String)
  /// What should be a text is no file that can be read.
  case noFile(path: String)
  /// The bytes of a file are no UTF-8 from the given offset on.
  case notUTF8(path: String, offset: Int)
  /// A file is something else than text.
  case notText(path: String, what: String)
  /// A file begins with the byte order mark of UTF-16.
  case utf16(path: String)
  /// A text is larger than one may be; `bytes` is nil where its end was not seen.
  case tooLarge(path: String, bytes: UInt64?, limit: UInt64)
  /// There are more tokens than the model's context holds beside `room` new ones.
  case tooLong(tokens: Int, context: Int, room: Int)
  /// A snapshot's tokens and a prompt's are more than the model's context holds beside a new one.
  case contextFull(tokens: Int, prompt: Int, context: Int)
  /// A sequence is longer than the model's context.
  case sequenceTooLong(tokens: Int, context: Int)
  /// A text is too short for what was asked.
  case tooShort(tokens: Int, needed: Int)
  /// What is hidden in a text is longer than the text is to be.
  case needleTooLong(tokens: Int, length: Int)
  /// The model has no chat template.
  case noChatTemplate(model: String)
  /// The model has no chat template, and a snapshot was made with one.
  case noChatTemplateToResume(model: String)

  /// What is wrong with bytes that are no UTF-8 from an offset on.
  ///
  /// - Parameter beginning: The file's first bytes.
  static func notUTF8(path: String, offset: Int, beginning: [UInt8]) -> PromptError {
    KnownFile.name(startingWith: beginning).map { .notText(path: path, what: $0) }
      ?? .notUTF8(path: path, offset: offset)
  }

  /// One sentence: what is wrong, and what to do if no option of a command helps.
  public var description: String {
    switch self {
    case .empty(let source): "\(source) is empty; give some text"
    case .blank(let part):
      "\(part) is blank, and the chat template leaves out blanks at the ends of a turn; give some text"
    case .noFile(let path):
      "\(path) is no ordinary file, or its name is no UTF-8; move it elsewhere, or rename it"
    case .notUTF8(let path, let offset):
      "\(path): not UTF-8 text at byte \(offset); convert it to UTF-8 first"
    case .notText(let path, let what):
      "\(path) is \(what), not text in UTF-8; give its text as a file in UTF-8"
    case .utf16(let path): "\(path) is UTF-16 text, not UTF-8; convert it to UTF-8 first"
    case .tooLarge(let path, let bytes?, let limit):
      "\(path) has \(bytes) bytes where a text may have \(limit); give a part of it"
    case .tooLarge(let path, nil, let limit):
      "\(path) has more than the \(limit) bytes that a text may have; give a part of it"
    case .tooLong(let tokens, let context, let room):
      "the prompt has \(tokens) tokens where at most \(max(0, context - room)) fit the model's context of "
        + "\(context), with \(room == 1 ? "a token" : "\(room) tokens") of an answer"
    case .contextFull(let tokens, let prompt, let context):
      "the prompt has \(prompt) tokens where at most \(max(0, context - 1 - tokens)) fit after the "
        + "snapshot's \(tokens), in the model's context of \(context) with a token of an answer"
    case .sequenceTooLong(let tokens, let context):
      "sequences of \(tokens) tokens do not fit the model's context of \(context)"
    case .tooShort(let tokens, let needed):
      "the text has \(tokens) tokens where \(needed) are needed"
    case .needleTooLong(let tokens, let length):
      "what is hidden has \(tokens) tokens, and a text of \(length) has no room for it"
    case .noChatTemplate(let model): "\(model) has no chat template"
    case .noChatTemplateToResume(let model):
      "\(model) has no chat template, by which the snapshot has to go on; resume it with a file of the "
        + "model that has one"
    }
  }
}
