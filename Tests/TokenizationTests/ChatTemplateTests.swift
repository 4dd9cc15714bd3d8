import Testing
import Tokenization

@Suite struct ChatTemplateTests {
  /// SmolLM2's template, as its GGUF holds it.
  private static let smolLM2 =
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    + "{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging "
    + "Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + "
    + "message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}"
    + "{{ '<|im_start|>assistant\n' }}{% endif %}"

  /// The plain ChatML template, its line breaks escaped.
  private static let plain =
    #"{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content']"#
    + #" + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}"#
    + #"{{ '<|im_start|>assistant\n' }}{% endif %}"#

  @Test func recognizesSmolLM2() throws {
    let template = try ChatTemplate(recognizing: Self.smolLM2)
    let message = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
    #expect(template == .chatML(defaultSystem: message))
    #expect(
      template.opening() == "<|im_start|>system\n\(message)<|im_end|>\n<|im_start|>user\n")
  }

  @Test func recognizesPlainChatML() throws {
    let template = try ChatTemplate(recognizing: Self.plain)
    #expect(template == .chatML(defaultSystem: nil))
    #expect(template.opening() == "<|im_start|>user\n")
  }

  @Test func writesAConversation() throws {
    let template = try ChatTemplate(recognizing: Self.smolLM2)
    let pieces = [
      template.opening(system: "Be brief."), "Hi", template.closing, "Hello", template.turnEnd,
      template.nextOpening, "Bye", template.closing,
    ]
    let text = """
      <|im_start|>system
      Be brief.<|im_end|>
      <|im_start|>user
      Hi<|im_end|>
      <|im_start|>assistant
      Hello<|im_end|>
      <|im_start|>user
      Bye<|im_end|>
      <|im_start|>assistant

      """
    #expect(pieces.joined() == text)
  }

  @Test(arguments: [
    "", "{{ bos_token }}" + plain, plain + "!", plain.replacing("assistant", with: "model"),
    smolLM2.replacing("You are", with: "' + name + '"), "<|im_start|>system\n<|im_end|>",
  ])
  func refusesOthers(text: String) {
    #expect(throws: TokenizationError.unsupportedChatTemplate(text: text)) {
      try ChatTemplate(recognizing: text)
    }
  }

  @Test func namesWhatItRefusesByItsFirstCharacters() {
    let error = TokenizationError.unsupportedChatTemplate(
      text: String(repeating: "x\n", count: 100))
    let start = String(repeating: #"x\n"#, count: 30)
    #expect(
      error.description == "the chat template \"\(start)\"... is not supported; "
        + "supported: ChatML. Write the prompt with its special tokens instead")
  }
}
