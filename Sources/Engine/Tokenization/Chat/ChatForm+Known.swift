extension ChatForm {
  /// The form of a template that is known word for word, apart from what changes no output.
  ///
  /// The folder `Templates` holds the templates as models publish them; the build embeds them in
  /// the program. What jinja2 makes of each is in the fixtures.
  static func known(_ template: String) -> ChatForm? {
    let text = JinjaText.significant(template)
    return known.first { $0.text == text }?.form
  }

  /// The templates by what is significant in them.
  private static let known = published.map {
    (text: JinjaText.significant($0.template), form: $0.form)
  }

  private static let published: [(template: [UInt8], form: ChatForm)] = [
    (PackageResources.chatml_jinja, chatML(defaultSystem: nil)),
    (PackageResources.qwen3_jinja, chatML(defaultSystem: nil)),
    (PackageResources.qwen2_5_jinja, chatML(defaultSystem: qwenSystem)),
    (PackageResources.llama_2_jinja, llama2),
    (PackageResources.mistral_7b_v0_1_jinja, mistral(space: " ")),
    (PackageResources.mistral_7b_v0_2_jinja, mistral(space: "")),
    (PackageResources.mistral_v1_jinja, mistralV1),
    (PackageResources.llama_3_jinja, llama3),
    (PackageResources.llama_3_first_jinja, llama3),
    (PackageResources.gemma_1_jinja, gemma(beginsText: false, hasSystem: false)),
    (PackageResources.gemma_2_jinja, gemma(beginsText: true, hasSystem: false)),
    (PackageResources.gemma_3_jinja, gemma(beginsText: true, hasSystem: true)),
    (PackageResources.phi_3_mini_jinja, phi3(beginsText: true, hasSystem: false)),
    (PackageResources.phi_3_medium_jinja, phi3(beginsText: false, hasSystem: false)),
    (PackageResources.phi_3_small_jinja, phi3(beginsText: true, hasSystem: true)),
    (PackageResources.phi_3_2024_07_jinja, phi3(beginsText: false, hasSystem: true)),
    (PackageResources.phi_3_5_jinja, phi3(beginsText: false, hasSystem: true)),
    (PackageResources.tulu_3_jinja, tulu(beginsText: false)),
    (PackageResources.olmo_2_jinja, tulu(beginsText: true)),
    (PackageResources.deepseek_llm_jinja, deepseekLLM),
    (PackageResources.deepseek_coder_jinja, deepseekCoder),
  ]

  private static let qwenSystem =
    "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."

  /// The system message, if there is one, is the beginning of the first content.
  private static let llama2 = ChatForm(
    beginsText: true, trimsContents: true,
    system: Around(before: "[INST] <<SYS>>\n", after: "\n<</SYS>>\n\n"), opening: "[INST] ",
    closing: " [/INST]", answerOpening: " ", turnEnd: " \u{3}", nextOpening: "\u{2}[INST] ")

  private static func mistral(space: String) -> ChatForm {
    ChatForm(
      beginsText: true, opening: "[INST] ", closing: " [/INST]", turnEnd: "\u{3}" + space,
      nextOpening: "[INST] ")
  }

  private static let mistralV1 = ChatForm(
    beginsText: true, system: Around(before: " [INST] ", after: "\n\n"), opening: " [INST] ",
    closing: " [/INST]", answerOpening: " ", turnEnd: "\u{3}", nextOpening: " [INST] ")

  private static let llama3: ChatForm = {
    func header(_ role: String) -> String { "<|start_header_id|>\(role)<|end_header_id|>\n\n" }
    return ChatForm(
      beginsText: true, trimsContents: true,
      system: Around(before: header("system"), after: "<|eot_id|>" + header("user")),
      opening: header("user"), closing: "<|eot_id|>" + header("assistant"), turnEnd: "<|eot_id|>",
      nextOpening: header("user"),
      marks: ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"])
  }()

  private static func gemma(beginsText: Bool, hasSystem: Bool) -> ChatForm {
    let user = "<start_of_turn>user\n"
    return ChatForm(
      beginsText: beginsText, trimsContents: true,
      system: hasSystem ? Around(before: user, after: "\n\n") : nil, opening: user,
      closing: "<end_of_turn>\n<start_of_turn>model\n", turnEnd: "<end_of_turn>\n",
      nextOpening: user, marks: ["<start_of_turn>", "<end_of_turn>"])
  }

  private static func phi3(beginsText: Bool, hasSystem: Bool) -> ChatForm {
    let user = "<|user|>\n"
    return ChatForm(
      beginsText: beginsText,
      system: hasSystem ? Around(before: "<|system|>\n", after: "<|end|>\n" + user) : nil,
      opening: user, closing: "<|end|>\n<|assistant|>\n", turnEnd: "<|end|>\n",
      nextOpening: user, marks: ["<|user|>", "<|assistant|>", "<|end|>"])
  }

  private static func tulu(beginsText: Bool) -> ChatForm {
    let user = "<|user|>\n"
    return ChatForm(
      beginsText: beginsText, system: Around(before: "<|system|>\n", after: "\n" + user),
      opening: user, closing: "\n<|assistant|>\n", turnEnd: "\u{3}\n", nextOpening: user)
  }

  private static let deepseekLLM = ChatForm(
    beginsText: true, system: Around(before: "", after: "\n\nUser: "), opening: "User: ",
    closing: "\n\nAssistant:", answerOpening: " ", turnEnd: "\u{3}", nextOpening: "User: ")

  private static let deepseekCoder: ChatForm = {
    let user = "### Instruction:\n"
    let system =
      "You are an AI programming assistant, utilizing the Deepseek Coder model, developed by "
      + "Deepseek Company, and you only answer questions related to computer science. For "
      + "politically sensitive questions, security and privacy issues, and other non-computer "
      + "science questions, you will refuse to answer\n"
    return ChatForm(
      beginsText: true, system: Around(before: "", after: user), opening: system + user,
      closing: "\n### Response:\n", turnEnd: "\n<|EOT|>\n", nextOpening: user,
      marks: ["<|EOT|>"])
  }()
}
