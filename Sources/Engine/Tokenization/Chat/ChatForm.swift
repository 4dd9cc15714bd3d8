/// What a template writes around the contents of a conversation; see `ChatTemplate`.
///
/// In the known forms, U+0002 stands for the begin-of-text token within a conversation and U+0003
/// for the end-of-text token.
struct ChatForm: Equatable, Sendable {
  var beginsText = false
  var trimsContents = false
  /// Around a system message, before the first content.
  var system: Around?
  var opening: String
  var closing: String
  var answerOpening = ""
  var turnEnd: String
  var nextOpening: String
  /// What it writes that is one token in the models it was made for.
  var marks: [String] = []
  /// The names of the begin and end of text that it writes.
  var boundaries: [String] = []

  /// The texts before and after something.
  struct Around: Equatable, Sendable {
    var before: String
    var after: String
  }

  /// The form with the names of the begin and end of text in it.
  func naming(begin: String, end: String) -> ChatForm {
    func named(_ text: String) -> String {
      text.replacing("\u{2}", with: begin).replacing("\u{3}", with: end)
    }
    var form = self
    form.system = system.map { Around(before: named($0.before), after: named($0.after)) }
    form.opening = named(opening)
    form.closing = named(closing)
    form.turnEnd = named(turnEnd)
    form.nextOpening = named(nextOpening)
    let written = opening + closing + turnEnd + nextOpening
    form.boundaries = [("\u{2}", begin), ("\u{3}", end)]
      .filter { mark, name in !name.isEmpty && written.contains(mark) }.map(\.1)
    return form
  }
}

extension ChatForm {
  /// The form of a template in Jinja, if it is one that is known.
  init?(recognizing template: String) {
    guard let form = Self.known(template) ?? ChatForm(chatML: template) else { return nil }
    self = form
  }
}

/// ChatML, which many models write with a default system message of their own.
extension ChatForm {
  /// `<|im_start|>role`, a line break, the content, `<|im_end|>`.
  static func chatML(defaultSystem: String?) -> ChatForm {
    let user = "<|im_start|>user\n"
    let system = Around(before: "<|im_start|>system\n", after: "<|im_end|>\n" + user)
    return ChatForm(
      system: system, opening: defaultSystem.map { system.before + $0 + system.after } ?? user,
      closing: "<|im_end|>\n<|im_start|>assistant\n", turnEnd: "<|im_end|>\n", nextOpening: user,
      marks: ["<|im_start|>", "<|im_end|>"])
  }

  /// Qwen 2's template with any plain text as the default system message.
  init?(chatML template: String) {
    let qwen = JinjaText.significant(PackageResources.qwen2_jinja)
    guard let message = qwen.firstRange(of: Array("You are a helpful assistant.".utf8)) else {
      return nil
    }
    let (start, end) = (qwen[..<message.lowerBound], qwen[message.upperBound...])
    let text = JinjaText.significant(template)
    guard text.count >= start.count + end.count, text.starts(with: start),
      text.suffix(end.count) == end
    else { return nil }
    let other = text[start.count..<text.count - end.count]
    guard !other.contains(where: { $0 == UInt8(ascii: "'") || $0 == UInt8(ascii: "\\") }) else {
      return nil
    }
    self = .chatML(defaultSystem: String(decoding: other, as: UTF8.self))
  }
}
