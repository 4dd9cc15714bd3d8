import TestSupport
import Testing
import Tokenization

@Suite struct ChatTemplateTests {
  /// What jinja2 makes of a template, by `fixtures/generate/chat.py`.
  private struct Rendering: Decodable {
    let first: String
    let third: String
    let system: String?
  }

  private static let names = [
    "chatml", "deepseek-coder", "deepseek-llm", "gemma-1", "gemma-2", "gemma-3", "llama-2",
    "llama-3",
    "llama-3-first", "mistral-7b-v0.1", "mistral-7b-v0.2", "mistral-v1", "olmo-2", "phi-3-2024-07",
    "phi-3-medium", "phi-3-mini", "phi-3-small", "phi-3.5", "qwen2", "qwen2.5", "qwen3", "tulu-3",
  ]
  private static let (begin, end) = ("<BEGIN>", "<END>")

  private func text(_ name: String) throws -> String {
    try String(decoding: bytes(of: Fixtures.path("chat/\(name).jinja")), as: UTF8.self)
  }

  private func template(_ name: String) throws -> ChatTemplate {
    try ChatTemplate(recognizing: text(name), beginOfText: Self.begin, endOfText: Self.end)
  }

  @Test("every known template, in whole turns, as jinja2 renders it", arguments: names)
  func rendersLikeJinja(name: String) throws {
    let golden = try #require(
      Fixtures.json("chat/golden.json", as: [String: Rendering].self)[name])
    let template = try template(name)
    func content(_ text: String) -> String {
      String(decoding: template.content(Array(text.utf8)), as: UTF8.self)
    }
    let start = template.beginsText ? Self.begin : ""
    let first = [template.opening, content(" Why is it so? "), template.closing]
    #expect(start + first.joined() == golden.first)
    let rest = [
      template.answerOpening, content(" Because it is. "), template.turnEnd, template.nextOpening,
      content("And what else?"), template.closing,
    ]
    #expect(start + (first + rest).joined() == golden.third)
    if let opening = template.opening(system: "Be brief."), name != "llama-2" {
      let pieces = [start, opening, content(" Why is it so? "), template.closing]
      #expect(pieces.joined() == golden.system)
    }
  }

  @Test(
    "a document that begins a turn and a question that ends it are one content", arguments: names)
  func opensATurn(name: String) throws {
    let template = try template(name)
    let parts = [" A document \n", "\n and a question "].map { Array($0.utf8) }
    let joined =
      template.content(parts[0], isEnd: false) + template.content(parts[1], isBeginning: false)
    #expect(joined == template.content(parts[0] + parts[1]))
  }

  @Test("an answer loses the blanks that the template leaves out, and no others", arguments: names)
  func endsAnAnswer(name: String) throws {
    let template = try template(name)
    let start = template.opening + "Why? " + template.closing
    for answer in ["", "Because.", "Because. \n", " \n\n"] {
      let ended = template.endingAnswer(Array((start + answer).utf8))
      let trims = template.content([UInt8(ascii: " ")]).isEmpty
      let rest = answer.hasPrefix("Because.") ? "Because." : ""
      #expect(String(decoding: ended, as: UTF8.self) == start + (trims ? rest : answer))
    }
    #expect(template.endingAnswer([]).isEmpty)
  }

  @Test("blanks without effect, and the way a line break is written, make no difference")
  func recognizesOtherSpellings() throws {
    let qwen = try text("qwen2.5").replacing("    ", with: "\t").replacing("\\n' }}", with: "\n'}}")
    #expect(try ChatTemplate(recognizing: qwen) == ChatTemplate(recognizing: text("qwen2.5")))
    let tight = try text("llama-3").replacing("{% ", with: "{%").replacing(" == ", with: "==")
    #expect(try ChatTemplate(recognizing: tight) == ChatTemplate(recognizing: text("llama-3")))
  }

  @Test("ChatML with any default system message")
  func recognizesDefaultSystemMessages() throws {
    let other = try text("qwen2").replacing("a helpful assistant", with: "terse")
    #expect(
      try ChatTemplate(recognizing: other).opening
        == "<|im_start|>system\nYou are terse.<|im_end|>\n<|im_start|>user\n")
  }

  @Test("anything else is rejected", arguments: ["llama-3", "qwen2", "gemma-3", "mistral-7b-v0.2"])
  func rejectsOthers(name: String) throws {
    let known = try text(name)
    for changed in [
      known + "!", "!" + known, known.replacing("user", with: "human"),
      known.replacing("message['content']", with: "message['text']"),
      known.replacing("'[INST] '", with: "'[INST]'").replacing("\n", with: "\n\n"),
      known.replacing("You are", with: "' + name + '"), "", "{{", "{%-",
      "<|im_start|>system\n<|im_end|>",
    ] where changed != known {
      #expect(throws: TokenizationError.unsupportedChatTemplate(text: changed)) {
        try ChatTemplate(recognizing: changed)
      }
    }
  }

  @Test("a mark that a vocabulary lacks is named, unless it lacks all of them")
  func misspelledMarks() throws {
    func mark(_ name: String, _ change: (inout Vocabulary) -> Void) throws -> String? {
      var vocabulary = SyntheticVocabulary.make()
      for mark in ["<BEGIN>", "<END>"] { vocabulary.add(Array(mark.utf8), type: 3) }
      vocabulary.chatTemplate = try text(name)
      change(&vocabulary)
      return try template(name).misspelledMark(by: Tokenizer(vocabulary))
    }
    #expect(try mark("chatml") { _ in } == nil)
    #expect(try mark("chatml") { $0.types[2] = 1 } == nil, "the type is corrected")
    #expect(try mark("chatml") { $0.tokens[2] = Array("<|im_ed|>".utf8) } == "<|im_end|>")
    #expect(try mark("chatml") { ($0.tokens[1], $0.tokens[2]) = ([1], [2]) } == nil)
    #expect(
      try mark("llama-3") { $0.add(Array("<|eot_id|>".utf8), type: 3) } == "<|start_header_id|>")
    #expect(try mark("gemma-3") { _ in } == nil)
    #expect(try mark("mistral-7b-v0.2") { _ in } == nil)
    #expect(try mark("mistral-7b-v0.2") { $0.types[261] = 1 } == "<END>")
  }

  @Test func namesWhatItRejectsByItsFirstCharacters() {
    let error = TokenizationError.unsupportedChatTemplate(
      text: String(repeating: "x\n", count: 100))
    let start = String(repeating: #"x\n"#, count: 30)
    #expect(
      error.description.hasPrefix("the chat template \"\(start)\"... is not supported; supported: ")
    )
    #expect(error.description.hasSuffix("Write the prompt with its special tokens instead"))
  }
}
