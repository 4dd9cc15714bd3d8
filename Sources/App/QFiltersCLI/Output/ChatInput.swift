import ArgumentParser
import ByteIO
import CLineEditor
import Platform
import Reports
import Workflows

/// A line of a chat.
enum ChatInput {
  case question(String)
  case command(ChatCommandLine)
  case end

  /// What can be said besides questions.
  static let help = """
    Lines that begin with / are commands: /save NAME names the conversation, /compression N reads \
    the best 1/N of what is stored, /recall N reads the 1/N that each question attends to, /whole \
    reads everything, /quit ends the chat, /help lists these.
    """

  /// Reads the next line that is not blank; nil at the end of the input.
  static func read() -> ChatInput? {
    while let line = line() {
      let text = line.trimming(while: { $0 == " " || $0 == "\t" || $0 == "\r" })
      guard !text.isEmpty else { continue }
      if text == "/quit" || text == "/exit" { return .end }
      return text.first == "/" ? .command(ChatCommandLine(text)) : .question(text)
    }
    return nil
  }

  private static func line() -> String? {
    TerminalSettings.restored {
      guard let typed = unsafe cle_read_line("> ") else { return nil }
      defer { unsafe free(typed) }
      unsafe cle_remember(typed)
      return unsafe String(cString: typed)
    }
  }

  /// Whether the chat continues after an error: the next line may do better.
  func isCorrectable(_ error: any Error) -> Bool {
    if error is ValidationError { return true }
    switch (error as? any CategorisedError)?.category {
    case .usage, .noInput, .other: return true
    default: return false
    }
  }
}

/// A command of a chat.
struct ChatCommandLine {
  private let words: [String]

  init(_ text: String) { words = text.split(separator: " ").map(String.init) }

  /// Carries it out.
  ///
  /// - Throws: `ValidationError` for one that is not known; `StoreRefusal`, `SystemError`.
  func run(_ conversation: inout Conversation) throws {
    switch (words.first, words.count) {
    case ("/help", 1): Terminal.error(ChatInput.help)
    case ("/whole", 1): choose(.whole, "everything that is stored", &conversation)
    case ("/compression", 2):
      let number = try number()
      choose(.compressed(number), "the best 1/\(number) of what is stored", &conversation)
    case ("/recall", 2):
      let number = try number()
      choose(.recalled(number), "the 1/\(number) that each question attends to", &conversation)
    case ("/save", 2):
      try conversation.save(as: StoreName(given: words[1]))
      Terminal.error("saved as \(words[1]); chat --name \(words[1]) continues it")
    default:
      throw ValidationError("\(words.joined(separator: " ")) is not a command; /help lists them")
    }
  }

  private func choose(_ mode: ResumeMode, _ what: String, _ conversation: inout Conversation) {
    conversation.mode = mode
    Terminal.error("from the next question on: \(what)")
  }

  private func number() throws -> Int {
    guard let number = Int(words[1]) else {
      throw ValidationError("\(words[1]) is not a number")
    }
    try Compression.validate(number, option: words[0])
    return number
  }
}

extension String {
  /// The text without some characters at its ends.
  fileprivate func trimming(while isDropped: (Character) -> Bool) -> String {
    String(drop(while: isDropped).reversed().drop(while: isDropped).reversed())
  }
}
