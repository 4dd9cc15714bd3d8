/// Recognition of ChatML templates.
extension ChatTemplate {
  private static let loop = "{% for message in messages %}"
  private static let defaultStart =
    "{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n"
  private static let defaultEnd = "<|im_end|>\n' }}{% endif %}"
  private static let turns =
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"

  /// The template as ChatML, or nil. It must be written as HuggingFace's models write it, up to
  /// spaces between the words and whether a line break is escaped.
  static func recognizeChatML(_ template: String) -> ChatTemplate? {
    let text = template.replacing("\\n", with: "\n")
    let compact = text.replacing(" ", with: "")
    let start = (loop + defaultStart).replacing(" ", with: "")
    let end = (defaultEnd + turns).replacing(" ", with: "")
    if compact == (loop + turns).replacing(" ", with: "") { return .chatML(defaultSystem: nil) }
    guard let message = defaultMessage(in: text),
      compact == start + message.replacing(" ", with: "") + end
    else { return nil }
    return .chatML(defaultSystem: message)
  }

  /// The text of the default system message, spaces included, if it is a plain literal.
  private static func defaultMessage(in text: String) -> String? {
    guard let start = text.firstRange(of: "<|im_start|>system\n")?.upperBound,
      let end = text[start...].firstRange(of: "<|im_end|>")?.lowerBound
    else { return nil }
    let message = text[start..<end]
    return message.contains(where: { $0 == "'" || $0 == "\\" }) ? nil : String(message)
  }
}
